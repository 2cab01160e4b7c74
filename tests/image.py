"""What the Dockerfile says of the image: of its last stage, without Docker."""
import json
import re
import shlex

import cli

TEXT = (cli.ROOT / "Dockerfile").read_text().replace("\\\n", " ")
LINES = re.findall(r"^([A-Z]+) (.*)$", TEXT.split("\nFROM ")[-1], re.M)


def said(word):
    """What stands behind each instruction of this name."""
    return [rest for instruction, rest in LINES if instruction == word]


STEPS = said("RUN")
ENVIRONMENT = dict(pair.split("=", 1) for line in said("ENV") for pair in shlex.split(line))
USER, = said("USER")
VOLUME, = said("VOLUME")
ENTRYPOINT = json.loads(*said("ENTRYPOINT"))
COMMAND = json.loads(*said("CMD"))
# As a line for sh.
HEALTH = said("HEALTHCHECK")[0].split(" CMD ")[1].strip()
