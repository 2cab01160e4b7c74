"""URLs that lead to addresses which no server may be made to reach, in many spellings."""
import ipaddress

ADDRESSES = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.0.1",
             "100.64.0.1", "0.0.0.0", "198.18.0.1", "224.0.0.1", "255.255.255.255"]
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
RINGED = str.maketrans("123456789", "①②③④⑤⑥⑦⑧⑨")


def of_number(address):
    """Hosts that mean this IPv4 address to somebody."""
    number = int(ipaddress.IPv4Address(address))
    a, b, c, d = address.split(".")
    octets = [int(octet) for octet in (a, b, c, d)]
    high, low = number >> 16, number & 0xFFFF
    return [
        address, address + ".", str(number), hex(number), hex(number).upper(), f"0{number:o}",
        ".".join(hex(octet) for octet in octets), ".".join(f"0{octet:o}" for octet in octets),
        ".".join(f"{octet:03d}" for octet in octets) if max(octets) < 8 else f"{a}.{b}.{c}.{d}",
        f"{a}.{number & 0xFFFFFF}", f"{a}.{b}.{low}", f"{hex(octets[0])}.{b}.0{octets[2]:o}.{d}",
        address.translate(WIDE), address.translate(RINGED), address.replace(".", "。"),
        address.replace(".", "%2e"), f"%3{a[0]}{address[1:]}",
        f"[::ffff:{address}]", f"[::ffff:{high:x}:{low:x}]", f"[0:0:0:0:0:ffff:{address}]",
        f"[::{address}]", f"[64:ff9b::{address}]", f"[2002:{high:x}:{low:x}::1]",
        f"[2001:0:{high:x}:{low:x}::]", f"[fe80::5efe:{address}]", f"[::ffff:0:{address}]",
    ]


NAMES = [
    "localhost", "LOCALHOST", "localhost.", "ip6-localhost", "metadata.google.internal",
    "127-0-0-1.test", "10-0-0-1.test", "169-254-169-254.test", "v6.test", "both.test:81",
    "[::1]", "[0::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]",
    "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]", "[100::1]", "[2001:db8::1]",
    "[3fff::1]", "[64:ff9b:1::1]",
]


def all_spellings():
    hosts = [host for address in ADDRESSES for host in of_number(address)] + NAMES
    urls = [f"http://{host}/secret" for host in dict.fromkeys(hosts)]
    for host in ("127.0.0.1", "169.254.169.254", "[::1]"):
        urls += [f"https://{host}/secret", f"http://{host}:8080/secret", f"HTTP://{host}/secret",
                 f"http://93.184.216.34@{host}/", f"http://a:b@{host}/", f"http:/{host}/",
                 f"http:{host}/", f"http:\\\\{host}\\", f"http://{host}\\@93.184.216.34/",
                 f"http://{host}#@93.184.216.34/", f"http://{host}?@93.184.216.34/",
                 f" http://{host}/", f"http://{host}\t/", f"http://{host}%00.test/",
                 f"http:///{host}/", f"http://{host}:80:80/"]
    return urls
