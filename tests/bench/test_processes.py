import os
import subprocess
import sys

from bench.processes import cpu_of_tree, memory_of

BURN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"


def test_cpu_of_a_process_counts_what_its_ended_children_spent():
    before = cpu_of_tree(os.getpid())
    subprocess.run([sys.executable, "-c", BURN], check=True)

    assert cpu_of_tree(os.getpid()) - before >= 0.25


def test_cpu_of_a_process_counts_a_child_that_lives():
    child = subprocess.Popen([sys.executable, "-c", BURN + "print(flush=True)\ninput()"], stdin=-1, stdout=-1)
    assert child.stdout
    child.stdout.readline()

    assert cpu_of_tree(child.pid) >= 0.25

    child.communicate(b"\n")


def test_memory_is_that_of_a_living_process():
    assert memory_of(os.getpid()) > 10
    assert memory_of(2**22 + 1) == 0
