#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/upload_source.h"
#include "net/client.h"

namespace ittybit::cli {

/// Which server the command line talks to, and with which key.
struct ServerAccess {
    std::string url;  // without a slash at the end
    std::string key;
};

/// `$ITTYBIT_API_KEY` and `$ITTYBIT_API_URL`, else `~/.ittybit/config.json`. Nothing without a key.
/// Errors: a configuration that cannot be read (`unavailable`) or understood (`invalid_request`).
Result<std::optional<ServerAccess>> find_server();

/// The same without asking for a key: nothing where neither a key nor an address is given.
Result<std::optional<ServerAccess>> find_address();

/// Writes the configuration (mode 0600). Errors: `unavailable`.
Result<> save_server(const ServerAccess& server);

/// Speaks to the API. Errors are the server's own kinds, or `unavailable` when it cannot be
/// reached (exit status 4).
class ApiClient {
public:
    explicit ApiClient(ServerAccess server);

    Result<json::value> call(
        const std::string& method,
        const std::string& path,
        const json::value& body,
        const std::stop_token& stop
    );

    /// Asks what is wrong with a request, but for those fields whose files are yet to be sent: with
    /// these no server takes it. Errors: every problem in one, of the first one's kind.
    Result<> judge(
        const std::string& path,
        const json::value& body,
        const std::vector<std::string>& unsent,
        const std::stop_token& stop
    );

    /// Streams a local file, or what a pipe gives, to POST /uploads; gives its URL.
    Result<std::string> upload(
        const std::string& path, const Sent& progress, const std::stop_token& stop
    );

    /// Fetches a URL into a new file. Errors: `download_failed`, `disk_full`, `invalid_output`.
    Result<> download(const std::string& url, const std::string& path, const std::stop_token& stop);

    /// Calls `event` with name and data of each event of the stream at `path` until it ends.
    Result<> follow(
        const std::string& path,
        const std::function<void(const std::string& name, const json::value& data)>& event,
        const std::stop_token& stop
    );

private:
    Result<net::Response> answer(
        const std::string& method,
        const std::string& path,
        const json::value& body,
        const std::stop_token& stop
    );
    Result<net::Request> request(const std::string& method, const std::string& path) const;

    ServerAccess server_;
    net::Client client_;
};

/// The exit status of an error of the API: 4 when the server cannot be reached.
int exit_status_of(const Error& error);

}  // namespace ittybit::cli
