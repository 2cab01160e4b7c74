#!/bin/bash
# A second real S3 service for tests: Ceph's RADOS gateway over a monitor and one OSD in memory.
#   tests/rgw_server.sh start FOLDER [PORT]   prints the variables the tests want, as exports
#   tests/rgw_server.sh stop FOLDER
# Debian packages: ceph-mon ceph-osd radosgw ceph-common (and python3-boto3, which makes the
# bucket). PORT to PORT+2 must be free.
set -euo pipefail
action=$1
folder=$2
port=${3:-7480}

if [ "$action" = stop ]; then
    xargs -r kill <"$folder/pids" 2>/dev/null || true
    sleep 1
    rm -rf "$folder"
    exit 0
fi

for program in ceph-mon ceph-osd radosgw; do
    command -v $program >/dev/null && continue
    echo "rgw_server.sh: $program is not installed" >&2
    exit 3
done
mkdir -p "$folder"/{mon,osd,rgw,run}
folder=$(cd "$folder" && pwd)
cluster=$(cat /proc/sys/kernel/random/uuid)
monitor="[v2:127.0.0.1:$((port + 1)),v1:127.0.0.1:$((port + 2))]"
cat >"$folder/ceph.conf" <<END
[global]
fsid = $cluster
mon host = $monitor
ms bind ipv4 = true
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
auth allow insecure global id reclaim = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
run dir = $folder/run
admin socket =
log file = $folder/run/\$name.log
pid file = $folder/run/\$name.pid
[mon.a]
mon data = $folder/mon
[osd]
osd objectstore = memstore
memstore device bytes = 2147483648
osd data = $folder/osd
osd memory target = 939524096
[client.rgw]
rgw data = $folder/rgw
rgw frontends = beast endpoint=127.0.0.1:$port
rgw thread pool size = 16
rgw enable usage log = false
# GetSessionToken gives temporary keys.
rgw s3 auth use sts = true
rgw sts key = ittybit-test-key
rgw s3 auth order = local, external, sts
# Without this the gateway hangs for 300 s where authentication is off.
ms mon client mode = crc secure
END

export CEPH_CONF=$folder/ceph.conf
: >"$folder/pids"
start() {
    local name=$1
    shift
    "$@" -f >"$folder/run/$name.out" 2>&1 &
    echo $! >>"$folder/pids"
}
{
    monmaptool --create --fsid "$cluster" --addv a "$monitor" "$folder/monmap"
    ceph-mon --mkfs -i a --monmap "$folder/monmap"
    start mon ceph-mon -i a
    osd=$(cat /proc/sys/kernel/random/uuid)
    ceph osd new "$osd"
    ceph-osd -i 0 --mkfs --osd-uuid "$osd"
    start osd ceph-osd -i 0
    start rgw radosgw -n client.rgw
    radosgw-admin user create --uid=test --display-name=test \
        --access-key=AKTEST --secret=SKTESTSECRET --caps="user-policy=*"
    radosgw-admin user create --uid=other --display-name=other \
        --access-key=AKOTHER --secret=SKOTHERSECRET
} >"$folder/run/start.log" 2>&1

/usr/bin/python3 - "$port" >&2 <<'END'
import json, sys, time
import boto3, botocore.exceptions
account = {"endpoint_url": f"http://127.0.0.1:{sys.argv[1]}", "region_name": "us-east-1",
           "aws_access_key_id": "AKTEST", "aws_secret_access_key": "SKTESTSECRET"}
client = boto3.client("s3", **account)
for attempt in range(300):
    try:
        client.create_bucket(Bucket="films")
        break
    except (botocore.exceptions.EndpointConnectionError, botocore.exceptions.ClientError):
        time.sleep(0.2)
else:
    sys.exit("rgw_server.sh: the service did not start; see its logs")
policy = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["sts:GetSessionToken"], "Resource": "*"}]}
boto3.client("iam", **account).put_user_policy(
    UserName="test", PolicyName="tokens", PolicyDocument=json.dumps(policy))
END

cat <<END
export ITTYBIT_TEST_S3=http://127.0.0.1:$port
export ITTYBIT_TEST_S3_KEY=AKTEST
export ITTYBIT_TEST_S3_SECRET=SKTESTSECRET
export ITTYBIT_TEST_S3_BUCKET=films
export ITTYBIT_TEST_S3_OTHER_KEY=AKOTHER
export ITTYBIT_TEST_S3_OTHER_SECRET=SKOTHERSECRET
export ITTYBIT_TEST_S3_REGION=
END
