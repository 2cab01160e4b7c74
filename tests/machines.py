"""Machines on one wire, each a network namespace whose cable can be pulled or become slow: packets
are lost or wait as on a real line. Whoever makes them runs inside `unshare -n`, as root there."""
import subprocess

HERE, DATABASE = "10.9.0.1", "10.9.0.254"  # our own addresses on the wire
CARD = "02:00:00:00:00:fe"  # else a bridge takes that of a cable, and another when it is pulled


def run(*command):
    subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)


def make_wire():
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "name", "wire", "address", CARD, "type", "bridge")
    for address in HERE, DATABASE:
        run("ip", "address", "add", f"{address}/24", "dev", "wire")
    run("ip", "link", "set", "wire", "up")


class Machine:
    """`number` is from 2 to 253."""

    def __init__(self, number):
        self.address, self.cable = f"10.9.0.{number}", f"cable{number}"
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec sleep infinity"],
                                       stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        run("ip", "link", "add", "name", self.cable, "type", "veth", "peer", "name", "wire",
            "netns", self.holder.pid)
        run(*self.command("ip", "link", "set", "lo", "up"))
        run(*self.command("ip", "address", "add", f"{self.address}/24", "dev", "wire"))
        run(*self.command("ip", "link", "set", "wire", "up"))
        run("ip", "link", "set", self.cable, "master", "wire", "up")

    def command(self, *words):
        """What runs these words there, as the very process that is started."""
        return ["nsenter", "-t", str(self.holder.pid), "-n", "--", *map(str, words)]

    def cut(self):
        """Nothing arrives, and nobody is told."""
        run("ip", "link", "set", self.cable, "nomaster")

    def mend(self):
        run("ip", "link", "set", self.cable, "master", "wire")

    def lose(self, address):
        """What is sent there goes to a card that nobody has; all else is as it was."""
        run(*self.command("ip", "neighbour", "replace", address, "lladdr", "02:00:00:00:00:01",
                          "dev", "wire", "nud", "permanent"))

    def find(self, address):
        run(*self.command("ip", "neighbour", "del", address, "dev", "wire"))

    def slow_down(self):
        """A quarter of a megabit a second each way, in a queue of seconds: who talks beside an
        upload waits for it."""
        self.shape("add", "tbf", "rate", "256kbit", "burst", "4kb", "latency", "8s")

    def speed_up(self):
        self.shape("del")

    def shape(self, action, *how):
        run("tc", "qdisc", action, "dev", self.cable, "root", *how)
        run(*self.command("tc", "qdisc", action, "dev", "wire", "root", *how))

    def close(self):
        self.holder.kill()
        self.holder.wait()
