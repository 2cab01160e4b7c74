#pragma once

#include <list>
#include <map>
#include <string>

#include "api/beast.h"

namespace ittybit::api {

class Session;

/// The connections that nobody is at work for: new or idle ones, or whose request is not let in
/// yet. Where all places are taken one of them gives way, of the client that has most of them, so
/// that one client cannot shut all others out. Of the server's one thread.
class Guests {
public:
    /// Where a session stands in the line.
    struct Place {
        std::string client;
        std::list<Session*>::iterator at;
    };

    Place add(const asio::ip::address& address, Session& session);
    void remove(const Place& place);

    /// The one that waits longest, of the client with most; nullptr when there is none.
    Session* find_to_give_way() const;

private:
    std::map<std::string, std::list<Session*>> by_client_;  // the longest waiting first
};

/// Who shares one place in the count: an address, of IPv6 its network of 64 bits.
std::string client_of(const asio::ip::address& address);

}  // namespace ittybit::api
