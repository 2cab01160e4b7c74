#include "api/guests.h"

#include <algorithm>

namespace ittybit::api {

std::string client_of(const asio::ip::address& address) {
    if (address.is_v4()) return address.to_string();
    const auto six = address.to_v6();
    if (six.is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, six).to_string();
    }
    const auto bytes = six.to_bytes();
    return {bytes.begin(), bytes.begin() + 8};
}

Guests::Place Guests::add(const asio::ip::address& address, Session& session) {
    auto client = client_of(address);
    auto& line = by_client_[client];
    return {std::move(client), line.insert(line.end(), &session)};
}

void Guests::remove(const Place& place) {
    const auto line = by_client_.find(place.client);
    line->second.erase(place.at);
    if (line->second.empty()) by_client_.erase(line);
}

Session* Guests::find_to_give_way() const {
    const auto most = std::ranges::max_element(by_client_, {}, [](const auto& entry) {
        return entry.second.size();
    });
    return most == by_client_.end() ? nullptr : most->second.front();
}

}  // namespace ittybit::api
