"""A real S3 server on the loopback: OpenStack Swift with its S3 interface (Debian's python3-swift).

Usage: s3-server.py FOLDER
Prints the port when it begins to listen, and ends when its standard input does. Bucket names are free;
access key `test:tester`, secret key `testing`.
"""
import getpass
import os
import signal
import socket
import sys

FOLDER = os.path.abspath(sys.argv[1])
KINDS = ("object", "container", "account")
FILTERS = ("catch_errors", "gatekeeper", "healthcheck", "listing_formats", "bulk", "slo", "dlo")

COMMON = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
fallocate_reserve = 0
workers = 0
user = {user}
log_address = {folder}/no-log
"""
PROXY = """[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:9
[filter:s3api]
use = egg:swift#s3api
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
"""
STORAGE = """[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def write(name, text):
    with open(os.path.join(FOLDER, name), "w") as file:
        file.write(text)


def configure():
    """Writes settings and rings. @returns the port of S3"""
    ports = dict(zip(("proxy",) + KINDS, free_ports(4)))
    user = getpass.getuser()
    os.makedirs(os.path.join(FOLDER, "devices", "d0"), exist_ok=True)
    write("swift.conf", "[swift-hash]\nswift_hash_path_suffix = s\nswift_hash_path_prefix = p\n")
    filters = "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in FILTERS)
    filters += "[filter:symlink]\nuse = egg:swift#symlink\n[filter:copy]\nuse = egg:swift#copy\n"
    common = COMMON.format(port=ports["proxy"], folder=FOLDER, user=user)
    write("proxy.conf", common + PROXY + filters)
    for kind in KINDS:
        common = COMMON.format(port=ports[kind], folder=FOLDER, user=user)
        write(f"{kind}.conf", common + STORAGE.format(kind=kind))
    return ports


def make_rings(ports):
    from swift.common.ring import RingBuilder

    for kind in KINDS:
        builder = RingBuilder(4, 1, 0)
        place = {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": ports[kind]}
        builder.add_dev({"id": 0, "device": "d0", "weight": 1.0, **place})
        builder.rebalance()
        builder.get_ring().save(os.path.join(FOLDER, f"{kind}.ring.gz"))


def main():
    ports = configure()
    import swift.common.utils as utils

    utils.SWIFT_CONF_FILE = os.path.join(FOLDER, "swift.conf")
    utils.validate_hash_conf()
    make_rings(ports)
    children = []
    for kind in KINDS + ("proxy",):
        pid = os.fork()
        if pid == 0:
            os.close(0)
            os.open(os.devnull, os.O_RDONLY)
            os.dup2(2, 1)
            from swift.common.wsgi import run_wsgi

            sys.exit(run_wsgi(os.path.join(FOLDER, f"{kind}.conf"), f"{kind}-server"))
        children.append(pid)
    print(ports["proxy"], flush=True)
    signal.signal(signal.SIGTERM, lambda *_: None)
    sys.stdin.read()
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    for pid in children:
        os.waitpid(pid, 0)


main()
