#!/bin/bash
# A real S3 service on this machine for tests: OpenStack Swift's s3api, which checks signatures.
#   tests/s3_server.sh start FOLDER [PORT]   prints the variables the tests want, as exports
#   tests/s3_server.sh stop FOLDER
# Debian packages: swift-proxy swift-account swift-container swift-object memcached
# (and python3-boto3, which makes the bucket). PORT to PORT+4 must be free. Needs no root.
set -euo pipefail
action=$1
folder=$2
port=${3:-8089}
user=$(id -un)

if [ "$action" = stop ]; then
    xargs -r kill <"$folder/pids" 2>/dev/null || true
    rm -rf "$folder"
    exit 0
fi

for program in swift-proxy-server memcached swift-ring-builder; do
    command -v $program >/dev/null && continue
    echo "s3_server.sh: $program is not installed" >&2
    exit 3
done
mkdir -p "$folder/etc" "$folder/node/d1"
folder=$(cd "$folder" && pwd)

cat >"$folder/etc/swift.conf" <<END
[swift-hash]
swift_hash_path_prefix = a
swift_hash_path_suffix = b
[storage-policy:0]
name = gold
default = yes
END

: >"$folder/pids"
start() {
    "$@" >"$folder/$(basename "$1").log" 2>&1 &
    echo $! >>"$folder/pids"
}

number=0
for name in account container object; do
    number=$((number + 1))
    (
        cd "$folder/etc"
        swift-ring-builder $name.builder create 4 1 0
        swift-ring-builder $name.builder add "r1z1-127.0.0.1:$((port + number))/d1" 1
        swift-ring-builder $name.builder rebalance
    ) >/dev/null 2>&1
    cat >"$folder/etc/$name.conf" <<END
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $((port + number))
workers = 0
user = $user
swift_dir = $folder/etc
devices = $folder/node
mount_check = false
disable_fallocate = true
log_level = WARNING
[pipeline:main]
pipeline = $name-server
[app:$name-server]
use = egg:swift#$name
END
done

cat >"$folder/etc/proxy.conf" <<END
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $port
workers = 0
user = $user
swift_dir = $folder/etc
log_level = WARNING
[pipeline:main]
pipeline = catch_errors cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
node_timeout = 60
# A busy machine is no broken disk: the only one there is must not be avoided for a minute.
error_suppression_limit = 1000000
error_suppression_interval = 1
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
dns_compliant_bucket_names = true
min_segment_size = 5242880
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
user_test_reader = reading
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$((port + 4))
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:bulk]
use = egg:swift#bulk
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
[filter:listing_formats]
use = egg:swift#listing_formats
END

start memcached -u "$user" -l 127.0.0.1 -p $((port + 4)) -m 32
export SWIFT_DIR=$folder/etc
for name in account container object; do start swift-$name-server "$folder/etc/$name.conf"; done
start swift-proxy-server "$folder/etc/proxy.conf"

/usr/bin/python3 - "$port" >&2 <<'END'
import sys, time
import boto3, botocore.config, botocore.exceptions
client = boto3.client(
    "s3", endpoint_url=f"http://127.0.0.1:{sys.argv[1]}", region_name="us-east-1",
    aws_access_key_id="test:tester", aws_secret_access_key="testing",
    config=botocore.config.Config(read_timeout=20, retries={"max_attempts": 0}))
for attempt in range(500):
    try:
        client.create_bucket(Bucket="films")
        break
    except client.exceptions.BucketAlreadyOwnedByYou:  # by a try whose answer came too late
        break
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        told = error
        time.sleep(0.3)
else:
    sys.exit(f"s3_server.sh: the service did not start: {told}")
END

cat <<END
export ITTYBIT_TEST_S3=http://127.0.0.1:$port
export ITTYBIT_TEST_S3_KEY=test:tester
export ITTYBIT_TEST_S3_SECRET=testing
export ITTYBIT_TEST_S3_BUCKET=films
export ITTYBIT_TEST_S3_OTHER_KEY=test:reader
export ITTYBIT_TEST_S3_OTHER_SECRET=reading
export ITTYBIT_TEST_S3_REGION=us-east-1
END
