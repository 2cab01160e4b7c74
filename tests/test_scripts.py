"""What `./dev lint` and `./dev same-bytes` look with would itself be noticed if it were blind."""
import itertools
import json
import sys

import cli

sys.path.append(str(cli.ROOT / "scripts"))
import check_length
import same_bytes


def too_long(text):
    return [line.split(":", 2)[2].strip() for line in
            check_length.long_blocks("src/a.cpp", text.splitlines())]


def test_long_functions_and_classes_of_any_form_are_found():
    body = "        go();\n" * 61
    assert too_long("int run(\n    int a,\n    int b\n) {\n" + body + "}\n") == [
        "61 lines, at most 60: int run("]
    assert too_long("int run() {\n" + body[14:] + "}\n") == []
    in_class = ("class A : public B {\npublic:\n    A(int a)\n        : a_(a),\n          b_(a) {\n"
                + body + "    }\n\n    void run() const override {\n" + body + "    }\n};\n")
    assert too_long(in_class) == ["61 lines, at most 60: A(int a)",
                                  "61 lines, at most 60: void run() const override {"]
    assert too_long("class A {\n" + "    int a = 0;\n" * 301 + "};\n") == [
        "301 lines, at most 300: class A {"]
    assert too_long("constexpr std::array kRows = {\n" + "    1,\n" * 400 + "};\n") == []


def test_every_order_that_builds_are_compared_by_is_taken(media, tmp_path):
    orders = sorted(same_bytes.orders(), key=lambda order: order[2])
    for source, of_one in itertools.groupby(orders, key=lambda order: order[2]):
        outputs = [{"kind": kind, "options": options} for kind, options, _ in of_one]
        for first in range(0, len(outputs), 16):
            body = json.dumps({"outputs": outputs[first : first + 16]})
            run = cli.ittybit("run", "-i", media / source, "--body", body, "--explain", "-o",
                              f"{tmp_path}/", cwd=tmp_path)
            assert run.status == 0, (source, outputs[first : first + 16], run.last)


def test_what_fails_in_both_builds_is_a_difference():
    order = ("video", {}, "flash-small.mp4")
    assert same_bytes.are_alike("/bin/true", "/bin/true", order) == []
    assert [name for name, *_ in same_bytes.are_alike("/bin/false", "/bin/false", order)] == [
        "failed"]
    assert same_bytes.are_alike("/bin/true", "/bin/false", order)
