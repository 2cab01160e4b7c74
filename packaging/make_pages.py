#!/usr/bin/env python3
"""make_pages.py PROGRAM SETTINGS FOLDER: manual pages, completions and the configuration file of a
package, from what the program says of itself and from docs/ittybit.toml."""
import os
import pathlib
import re
import subprocess
import sys

INTRODUCTION = """turns any media file into one that plays everywhere: a video, sound alone, a
picture, a short animation, or a stream in several sizes. Without a server configured everything is
done on this machine; with one (\\fBittybit login\\fR) jobs go there. Media is parsed by
\\fBittybit\\-media\\fR(1), in processes that have no network and no file but their own."""

ENVIRONMENT = [
    ("ITTYBIT_API_URL, ITTYBIT_API_KEY", "The server that jobs go to, and the key for it."),
    ("ITTYBIT_CONNECTION", "The name of the credentials for s3://."),
    ("ITTYBIT_CONFIG", "A file of settings for \\fBserve\\fR, \\fBworker\\fR and \\fBkeys\\fR."),
    ("ITTYBIT_…", "Any setting of \\fBittybit.toml\\fR(5), in capitals."),
    ("ITTYBIT_SECRET_KEY", "What encrypts stored secrets, instead of the file secret\\-key."),
    ("ITTYBIT_WEBHOOK_SECRET", "What signs webhooks, instead of the file webhook\\-secret."),
    ("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL",
     "Credentials for s3://, as AWS' own tools read them."),
]

FILES = [
    ("~/.ittybit/config.json", "Server and key, as \\fBittybit login\\fR stores them."),
    ("~/.ittybit/connections.json", "Credentials for s3://."),
    ("/etc/ittybit/ittybit.toml", "Settings of the installed service."),
    ("/var/lib/ittybit", "Its database, files and keys; \\fIfirst\\-key\\fR is the first API key."),
]


def roff(text):
    """Text as troff prints it unchanged."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\n".join("\\&" + line if line.startswith(".") else line for line in text.split("\n"))


def told(program, *words):
    # As wide as a manual page is, less its margin.
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    return subprocess.run([program, *words], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=True).stdout


def heading(name, section, version):
    return f'.TH {name.upper()} {section} "" "ittybit {version}"\n'


def defined(term, text):
    return f".TP\n\\fB{roff(term)}\\fR\n{text}\n"


def definitions(title, rows):
    return f".SH {title}\n" + "".join(defined(term, text) for term, text in rows)


def plain(text):
    return f".nf\n{roff(text.strip(chr(10)))}\n.fi\n"


def program_page(program, version):
    overview = told(program, "help")
    commands = re.findall(r"^  ([a-z]+) {2,}\S", overview.split("\nExamples")[0], re.M)
    page = heading("ittybit", 1, version)
    page += ".SH NAME\nittybit \\- media processing, as a command and as a service\n"
    page += ".SH SYNOPSIS\n.B ittybit\n.I COMMAND\n[options]\n"
    page += f".SH DESCRIPTION\n.B ittybit\n{INTRODUCTION}\n"
    page += ".SH COMMANDS\n"
    for command in commands:
        page += f".SS {command}\n{plain(told(program, 'help', command))}"
    page += definitions("ENVIRONMENT", ENVIRONMENT) + definitions("FILES", FILES)
    statuses = overview.split("Exit status: ")[1].replace("\n", " ")
    page += f".SH EXIT STATUS\n{roff(statuses)}\n"
    return page + ".SH SEE ALSO\n.BR ittybit.toml (5),\n.BR ittybit\\-media (1)\n"


def media_page(version):
    return heading("ittybit-media", 1, version) + (
        ".SH NAME\nittybit\\-media \\- the walled half of ittybit\n"
        ".SH DESCRIPTION\n.BR ittybit (1)\nstarts this program, which must lie beside it, for all "
        "that\nreads media: it has no network, no credentials, no file but its own, and is of no "
        "use by itself.\n.SH SEE ALSO\n.BR ittybit (1)\n")


def settings_page(settings, version):
    page = heading("ittybit.toml", 5, version)
    page += ".SH NAME\nittybit.toml \\- settings of the ittybit service\n.SH DESCRIPTION\n"
    introduction, *blocks = settings.strip().split("\n\n")
    introduction = re.sub("^# ", "", introduction, flags=re.M).split(" Made by")[0]
    page += roff(introduction) + "\n.SH SETTINGS\n"
    for block in blocks:
        *lines, preset = block.split("\n")
        help_text = "\n.br\n".join(roff(line.removeprefix("# ").strip()) for line in lines)
        page += defined(preset.removeprefix("#"), help_text)
    return page + ".SH SEE ALSO\n.BR ittybit (1)\n"


def main(program, settings, folder):
    folder.mkdir(parents=True, exist_ok=True)
    version = told(program, "version", "--tty").split()[1].split("+")[0]
    text = settings.read_text()
    for shell in ("bash", "zsh", "fish"):
        (folder / f"ittybit.{shell}").write_text(told(program, "completion", shell))
    (folder / "ittybit-media.1").write_text(media_page(version))
    (folder / "ittybit.toml.5").write_text(settings_page(text, version))
    (folder / "ittybit.toml").write_text(
        re.sub("^#data = .*$", 'data = "/var/lib/ittybit"', text, flags=re.M))
    (folder / "ittybit.1").write_text(program_page(program, version))


main(sys.argv[1], *map(pathlib.Path, sys.argv[2:]))
