#include "api/guests.h"

#include <gtest/gtest.h>

namespace ittybit::api {
namespace {

TEST(Guests, OfTheClientWithMostTheOldestGivesWay) {
    // Only their addresses count.
    const auto fake = [](std::uintptr_t number) { return reinterpret_cast<Session*>(number); };
    const auto address = [](const char* text) { return asio::ip::make_address(text); };
    Guests guests;
    EXPECT_EQ(guests.find_to_give_way(), nullptr);
    const auto one = guests.add(address("10.0.0.1"), *fake(8));
    const auto first = guests.add(address("2001:db8:1:2::1"), *fake(16));
    const auto second = guests.add(address("2001:db8:1:2:ffff::2"), *fake(24));
    EXPECT_EQ(guests.find_to_give_way(), fake(16));
    guests.remove(first);
    guests.remove(second);
    EXPECT_EQ(guests.find_to_give_way(), fake(8));
    guests.remove(one);
    EXPECT_EQ(guests.find_to_give_way(), nullptr);
}

TEST(Guests, AClientIsAnAddressOrANetworkOfIpv6) {
    const auto client = [](const char* text) { return client_of(asio::ip::make_address(text)); };
    EXPECT_EQ(client("10.0.0.1"), client("::ffff:10.0.0.1"));
    EXPECT_NE(client("10.0.0.1"), client("10.0.0.2"));
    EXPECT_EQ(client("2001:db8:1:2::1"), client("2001:db8:1:2:ffff::2"));
    EXPECT_NE(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
}

}  // namespace
}  // namespace ittybit::api
