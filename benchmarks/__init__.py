"""Speed, memory and quality of the course's code, beside a peer from the same run: `make bench`."""
