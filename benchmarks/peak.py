"""Run a Python module and print the greatest memory it held, in bytes: `python -m benchmarks.peak MODULE …`

The system hands a process's greatest size on to the processes that it starts. So this starter is small, and
the module is measured as its child.
"""

import resource
import subprocess
import sys


def main():
    subprocess.run([sys.executable, "-m", *sys.argv[1:]], check=True, stdout=sys.stderr)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(largest if sys.platform == "darwin" else 1024 * largest)


if __name__ == "__main__":
    main()
