#include "net/address_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ittybit::net {
namespace {

using enum AddressClass;

struct Row {
    std::string address;
    AddressClass address_class;
};

/// Addresses as inet_pton reads them: each registry block, its edges and its neighbours.
const std::vector<Row> kAddresses = {
    // IPv4
    {"0.0.0.0", kUnspecified},
    {"0.0.0.1", kUnspecified},
    {"0.255.255.255", kUnspecified},
    {"1.0.0.0", kPublic},
    {"1.1.1.1", kPublic},
    {"8.8.8.8", kPublic},
    {"9.255.255.255", kPublic},
    {"10.0.0.0", kPrivate},
    {"10.1.2.3", kPrivate},
    {"10.255.255.255", kPrivate},
    {"11.0.0.0", kPublic},
    {"100.63.255.255", kPublic},
    {"100.64.0.0", kPrivate},
    {"100.100.100.200", kMetadata},
    {"100.100.100.201", kPrivate},
    {"100.127.255.255", kPrivate},
    {"100.128.0.0", kPublic},
    {"126.255.255.255", kPublic},
    {"127.0.0.0", kLoopback},
    {"127.0.0.1", kLoopback},
    {"127.1.2.3", kLoopback},
    {"127.255.255.255", kLoopback},
    {"128.0.0.0", kPublic},
    {"168.63.129.15", kPublic},
    {"168.63.129.16", kMetadata},
    {"169.253.255.255", kPublic},
    {"169.254.0.0", kLinkLocal},
    {"169.254.169.254", kLinkLocal},
    {"169.254.170.2", kLinkLocal},
    {"169.254.255.255", kLinkLocal},
    {"169.255.0.0", kPublic},
    {"172.15.255.255", kPublic},
    {"172.16.0.0", kPrivate},
    {"172.17.0.1", kPrivate},
    {"172.31.255.255", kPrivate},
    {"172.32.0.0", kPublic},
    {"191.255.255.255", kPublic},
    {"192.0.0.0", kReserved},
    {"192.0.0.192", kMetadata},
    {"192.0.0.255", kReserved},
    {"192.0.1.0", kPublic},
    {"192.0.2.1", kReserved},
    {"192.0.3.0", kPublic},
    {"192.31.196.1", kReserved},
    {"192.52.193.1", kReserved},
    {"192.88.99.1", kReserved},
    {"192.167.255.255", kPublic},
    {"192.168.0.0", kPrivate},
    {"192.168.1.1", kPrivate},
    {"192.168.255.255", kPrivate},
    {"192.169.0.0", kPublic},
    {"192.175.48.6", kReserved},
    {"198.17.255.255", kPublic},
    {"198.18.0.0", kReserved},
    {"198.19.255.255", kReserved},
    {"198.20.0.0", kPublic},
    {"198.51.99.255", kPublic},
    {"198.51.100.7", kReserved},
    {"198.51.101.0", kPublic},
    {"203.0.112.255", kPublic},
    {"203.0.113.9", kReserved},
    {"203.0.114.0", kPublic},
    {"223.255.255.255", kPublic},
    {"224.0.0.1", kReserved},
    {"239.255.255.250", kReserved},
    {"240.0.0.1", kReserved},
    {"255.255.255.254", kReserved},
    {"255.255.255.255", kReserved},
    // IPv6
    {"::", kUnspecified},
    {"::1", kLoopback},
    {"0:0:0:0:0:0:0:1", kLoopback},
    {"::2", kReserved},
    {"100::1", kReserved},
    {"100:0:0:1::1", kReserved},
    {"1fff::1", kReserved},
    {"2000::1", kPublic},
    {"2001:1ff:ffff::1", kReserved},
    {"2001:2::1", kReserved},
    {"2001:10::1", kReserved},
    {"2001:20::1", kReserved},
    {"2001:200::1", kPublic},
    {"2001:db7:ffff::1", kPublic},
    {"2001:db8::1", kReserved},
    {"2001:db9::1", kPublic},
    {"2001:4860:4860::8888", kPublic},
    {"2606:4700:4700::1111", kPublic},
    {"2620:4f:8000::1", kReserved},
    {"2a00:1450::1", kPublic},
    {"3ffe::1", kPublic},
    {"3fff::1", kReserved},
    {"3fff:fff::1", kReserved},
    {"3fff:1000::1", kPublic},
    {"4000::1", kReserved},
    {"5f00::1", kReserved},
    {"8000::1", kReserved},
    {"fbff::1", kReserved},
    {"fc00::1", kPrivate},
    {"fd00::1", kPrivate},
    {"fd00:ec2::254", kMetadata},
    {"fd00:ec2::23", kMetadata},
    {"fd00:ec3::254", kPrivate},
    {"fd20:ce::254", kMetadata},
    {"fd20:ce::253", kPrivate},
    {"fd00:c1::a9fe:a9fe", kMetadata},
    {"fd00:c1::a9fe:a9ff", kPrivate},
    {"fd00:42::42", kMetadata},
    {"fd00:a9fe:a9fe::1", kMetadata},
    {"fd00:100::100:200", kMetadata},
    {"::ffff:168.63.129.16", kMetadata},
    {"64:ff9b::100.100.100.200", kMetadata},
    {"fdff:ffff::1", kPrivate},
    {"fe00::1", kReserved},
    {"fe80::1", kLinkLocal},
    {"febf::1", kLinkLocal},
    {"fec0::1", kPrivate},
    {"feff::1", kPrivate},
    {"ff00::1", kReserved},
    {"ff02::1", kReserved},
    {"ff0e::1", kReserved},
    // IPv4 inside IPv6
    {"::ffff:127.0.0.1", kLoopback},
    {"::ffff:7f00:1", kLoopback},
    {"::ffff:10.0.0.1", kPrivate},
    {"::ffff:169.254.169.254", kLinkLocal},
    {"::ffff:a9fe:a9fe", kLinkLocal},
    {"::ffff:0.0.0.0", kUnspecified},
    {"::ffff:255.255.255.255", kReserved},
    {"::ffff:8.8.8.8", kPublic},
    {"::ffff:0:127.0.0.1", kLoopback},
    {"::ffff:0:a9fe:a9fe", kLinkLocal},
    {"::ffff:0:8.8.8.8", kPublic},
    {"::127.0.0.1", kReserved},
    {"::8.8.8.8", kReserved},
    {"::169.254.169.254", kLinkLocal},
    {"64:ff9b::127.0.0.1", kLoopback},
    {"64:ff9b::7f00:1", kLoopback},
    {"64:ff9b::10.0.0.1", kPrivate},
    {"64:ff9b::169.254.169.254", kLinkLocal},
    {"64:ff9b::192.168.0.1", kPrivate},
    {"64:ff9b::8.8.8.8", kPublic},
    {"64:ff9b:0:0:0:1:808:808", kReserved},
    {"64:ff9b:1::8.8.8.8", kPrivate},
    {"64:ff9b:1::169.254.169.254", kLinkLocal},
    {"64:ff9b:2::1", kReserved},
    {"2002:7f00:1::", kLoopback},
    {"2002:7f00:0001::1", kLoopback},
    {"2002:a00:1::1", kPrivate},
    {"2002:a9fe:a9fe::1", kLinkLocal},
    {"2002:c0a8:101::1", kPrivate},
    {"2002:0:0::1", kUnspecified},
    {"2002:e000:1::1", kReserved},
    {"2002:808:808::1", kPublic},
    {"2001:0:7f00:1::", kReserved},
    {"2001:0:808:808::", kReserved},
    {"2001:0:4136:e378:8000:63bf:80ff:fffe", kReserved},
    {"2001:0:4136:e378:8000:63bf:5601:5601", kLinkLocal},
    {"2001:0:a9fe:a9fe::1", kLinkLocal},
    {"2001:db8::5efe:a9fe:a9fe", kLinkLocal},
    {"2a00:1450::5efe:127.0.0.1", kLoopback},
    {"2a00:1450::5efe:10.0.0.1", kPrivate},
    {"2a00:1450::200:5efe:192.168.0.1", kPrivate},
    {"2a00:1450::200:5efe:169.254.169.254", kLinkLocal},
    {"2a00:1450::5efe:8.8.8.8", kPublic},
    {"fe80::5efe:8.8.8.8", kLinkLocal},
    // Not an address
    {"", kReserved},
    {"localhost", kReserved},
    {"127.1", kReserved},
};

TEST(Addresses, AreSortedByTheRegistries) {
    for (const auto& row : kAddresses)
        EXPECT_EQ(word_for(classify(row.address)), word_for(row.address_class)) << row.address;
}

TEST(Addresses, OfTheInternetAreTheOnlyOnesAServerReaches) {
    const auto url = *Url::parse("http://example.com/");
    for (const auto& row : kAddresses)
        EXPECT_EQ(
            AddressPolicy::strict().allows(classify(row.address), url, 0),
            row.address_class == kPublic
        ) << row.address;
}

/// Hosts as they stand in URLs, and what the address they mean is for.
TEST(Spellings, OfAnAddressAllMeanTheSame) {
    const std::vector<Row> cases = {
        {"127.0.0.1", kLoopback},
        {"127.0.0.1.", kLoopback},
        {"127.1", kLoopback},
        {"127.0.1", kLoopback},
        {"127.00.00.01", kLoopback},
        {"127.000.000.001", kLoopback},
        {"0127.0.0.1", kPublic},  // octal: 87.0.0.1
        {"0177.0.0.1", kLoopback},
        {"0177.1", kLoopback},
        {"00000177.0.0.1", kLoopback},
        {"017700000001", kLoopback},
        {"0x7f.0.0.1", kLoopback},
        {"0x7F.0x0.0x0.0x1", kLoopback},
        {"0X7F000001", kLoopback},
        {"0x7f000001", kLoopback},
        {"0x7f.1", kLoopback},
        {"0x7f.0x1", kLoopback},
        {"0x000000007f.1", kLoopback},
        {"2130706433", kLoopback},
        {"02130706433", kPublic},  // octal: 17.99.141.27
        {"127.0x0.0.01", kLoopback},
        {"127.65535", kLoopback},
        {"127.16777215", kLoopback},
        {"0", kUnspecified},
        {"00", kUnspecified},
        {"0x", kUnspecified},
        {"0x0", kUnspecified},
        {"0.0.0.0", kUnspecified},
        {"0.0", kUnspecified},
        {"0.1", kUnspecified},
        {"10.1", kPrivate},
        {"012.1", kPrivate},
        {"0xa.1", kPrivate},
        {"167772161", kPrivate},
        {"0xa000001", kPrivate},
        {"0xc0a80101", kPrivate},
        {"3232235777", kPrivate},
        {"0300.0250.1.1", kPrivate},
        {"192.168.257", kPrivate},
        {"192.11010305", kPrivate},
        {"172.16.1", kPrivate},
        {"2886729729", kPrivate},
        {"169.254.169.254", kLinkLocal},
        {"169.254.43518", kLinkLocal},
        {"169.16689662", kLinkLocal},
        {"2852039166", kLinkLocal},
        {"0xa9fea9fe", kLinkLocal},
        {"0xA9.0xFE.0xA9.0xFE", kLinkLocal},
        {"0251.0376.0251.0376", kLinkLocal},
        {"025177524776", kLinkLocal},
        {"0xa9.254.0251.254", kLinkLocal},
        {"4294967295", kReserved},
        {"0xffffffff", kReserved},
        {"0xe0000001", kReserved},
        {"134744072", kPublic},
        {"0x08080808", kPublic},
        {"8.8.2056", kPublic},
        {"010.8.8.8", kPublic},
        // Full-width digits, ideographic stops, enclosed numbers (IDN mapping).
        {"\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1", kLoopback},
        {"127\xe3\x80\x82"
         "0\xe3\x80\x82"
         "0\xe3\x80\x82"
         "1",
         kLoopback},
        {"127\xef\xbc\x8e"
         "0\xef\xbc\x8e"
         "0\xef\xbc\x8e"
         "1",
         kLoopback},
        {"127\xef\xbd\xa1"
         "0\xef\xbd\xa1"
         "0\xef\xbd\xa1"
         "1",
         kLoopback},
        {"\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1", kLoopback},
        {"\xe2\x91\xa0\xe2\x91\xa5\xe2\x91\xa8\xe3\x80\x82\xe2\x91\xa1\xe2\x91\xa4\xe2\x91\xa3"
         "\xe3\x80\x82\xe2\x91\xa0\xe2\x91\xa5\xe2\x91\xa8\xe3\x80\x82\xe2\x91\xa1\xe2\x91\xa4"
         "\xe2\x91\xa3",
         kLinkLocal},
        {"\xf0\x9d\x9f\x8f\xf0\x9d\x9f\x90\xf0\x9d\x9f\x95.\xf0\x9d\x9f\x8f", kLoopback},
        // IPv6 in brackets
        {"[::1]", kLoopback},
        {"[0::1]", kLoopback},
        {"[0000:0000:0000:0000:0000:0000:0000:0001]", kLoopback},
        {"[::0.0.0.1]", kLoopback},
        {"[::]", kUnspecified},
        {"[::ffff:127.0.0.1]", kLoopback},
        {"[::FFFF:7F00:0001]", kLoopback},
        {"[0:0:0:0:0:ffff:127.0.0.1]", kLoopback},
        {"[::ffff:169.254.169.254]", kLinkLocal},
        {"[64:ff9b::169.254.169.254]", kLinkLocal},
        {"[2002:a9fe:a9fe::]", kLinkLocal},
        {"[fd00:ec2::254]", kMetadata},
        {"[FE80::1]", kLinkLocal},
        {"[fd12:3456::1]", kPrivate},
        {"[2606:4700::1111]", kPublic},
    };
    for (const auto& [host, address_class] : cases) {
        const auto url = Url::parse("http://" + host + "/");
        const auto found = url ? classify(url->host()) : kReserved;
        EXPECT_EQ(word_for(found), word_for(address_class))
            << host << " became " << (url ? url->host() : url.error().message);
    }
}

TEST(AddressPolicy, OpensPrivateNetworksButNotMetadataServices) {
    const AddressPolicy policy = {.allow_private = true};
    const auto url = *Url::parse("http://example.com/");
    EXPECT_TRUE(policy.allows(kPrivate, url, 0));
    EXPECT_TRUE(policy.allows(kLoopback, url, 3));
    for (const auto closed : {kLinkLocal, kUnspecified, kReserved})
        EXPECT_FALSE(policy.allows(closed, url, 0));
}

// What each cloud documents: all of them, whichever way they are written.
TEST(AddressPolicy, NoMetadataServiceIsOpenedWithPrivateNetworks) {
    const AddressPolicy open = {.allow_private = true};
    for (const std::string host :
         {"169.254.169.254",      "169.254.170.2",       "169.254.170.23",
          "169.254.42.42",        "169.254.0.23",        "168.63.129.16",
          "100.100.100.200",      "192.0.0.192",         "[fe80::a9fe:a9fe]",
          "[fd00:ec2::254]",      "[fd00:ec2::23]",      "[fd20:ce::254]",
          "[fd00:c1::a9fe:a9fe]", "[fd00:42::42]",       "[fd00:a9fe:a9fe::1]",
          "[fd00:100::100:200]",  "2852039166",          "0xa9fea9fe",
          "0251.0376.0251.0376",  "169.254.43518",       "[::ffff:169.254.169.254]",
          "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::1]", "[::ffff:168.63.129.16]"}) {
        const auto url = Url::parse("http://" + host + "/latest/meta-data");
        ASSERT_TRUE(url) << host;
        EXPECT_FALSE(open.allows(classify(url->host()), *url, 0)) << host;
        EXPECT_FALSE(check_literal(*url, open)) << host;
    }
}

TEST(AddressPolicy, RefusesALiteralAddressBeforeAnyConnection) {
    const auto refusal = [](const std::string& text, const AddressPolicy& policy) {
        const auto checked = check_literal(*Url::parse(text), policy);
        return checked ? "" : checked.error().message;
    };
    const auto strict = AddressPolicy::strict();
    for (const auto* text :
         {"http://127.0.0.1/", "http://127.1/", "http://0x7f000001:81/", "http://2130706433/",
          "http://[::1]/", "http://10.0.0.1/", "http://localhost:8080/", "http://a.localhost/",
          "http://[::ffff:10.0.0.1]/", "http://0/", "http://①②⑦.0.0.1/"}) {
        EXPECT_NE(refusal(text, strict), "") << text;
        EXPECT_EQ(refusal(text, AddressPolicy::typed_by_user()), "") << text;
    }
    for (const auto* text : {"http://93.184.216.34/", "http://example.com/", "s3://bucket/key"}) {
        EXPECT_EQ(refusal(text, strict), "") << text;
    }
    EXPECT_EQ(refusal("http://127.0.0.1:9/", {.allow_hosts = {"127.0.0.1:9"}}), "");
    EXPECT_EQ(
        refusal("http://10.0.0.1:81/", strict),
        "\"10.0.0.1\" leads to a private address, which may not be reached; --allow-host "
        "10.0.0.1:81 at the server's start opens it"
    );
}

TEST(AddressPolicy, OpensHostsByName) {
    const AddressPolicy policy = {.allow_hosts = {"MinIO.local", "127.0.0.1:9000"}};
    const auto allows = [&](const std::string& url) {
        return policy.allows(kLoopback, *Url::parse(url), 1);
    };
    EXPECT_TRUE(allows("http://minio.local/"));
    EXPECT_TRUE(allows("https://minio.local:9000/x"));
    EXPECT_TRUE(allows("http://127.0.0.1:9000/"));
    EXPECT_TRUE(allows("http://2130706433:9000/"));
    EXPECT_FALSE(allows("http://127.0.0.1:9001/"));
    EXPECT_FALSE(allows("http://evil.minio.local/"));
    EXPECT_FALSE(allows("http://minio.local.evil/"));
    const auto allows_by = [](const std::string& host, const std::string& url) {
        return AddressPolicy{.allow_hosts = {host}}.allows(kLoopback, *Url::parse(url), 1);
    };
    EXPECT_TRUE(allows_by("[::1]", "http://[::1]:9000/"));
    EXPECT_TRUE(allows_by("[::1]:80", "http://[::1]/"));
    EXPECT_FALSE(allows_by("[::1]:80", "http://[::1]:9000/"));
}

TEST(AddressPolicy, TrustsWhatTheUserTyped) {
    const auto policy = AddressPolicy::typed_by_user();
    const auto url = *Url::parse("http://example.com/");
    for (const auto any : {kPublic, kLoopback, kPrivate, kLinkLocal, kUnspecified, kReserved})
        EXPECT_TRUE(policy.allows(any, url, 0));
    EXPECT_TRUE(policy.allows(kLoopback, url, 1));
    EXPECT_FALSE(policy.allows(kLinkLocal, url, 1));
}

}  // namespace
}  // namespace ittybit::net
