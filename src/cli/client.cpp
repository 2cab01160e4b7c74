#include "cli/client.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "cli/private_file.h"
#include "model/error_kinds.h"

namespace ittybit::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDefaultUrl = "http://127.0.0.1:8080";
constexpr int kUnreachable = 4;
const std::string kConfig = "config.json";

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

Result<json::value> read_config() {
    const auto text = TRY(read_private(kConfig));
    if (text.empty()) return json::value();
    auto parsed = parse_json(text);
    if (parsed) return parsed;
    return Error{
        ErrorKind::kInvalidRequest,
        fmt::format(
            "{} is not understood ({}): run ittybit login again, or use --local",
            shown_path(kConfig), parsed.error().message
        ),
        ""
    };
}

Error unreachable(const std::string& url, const Error& cause) {
    return {
        ErrorKind::kUnavailable,
        fmt::format("the server {} cannot be reached: {}", url, cause.message), ""
    };
}

/// An error of the server's. One of another version may have other kinds.
Error error_named(const std::string& word, int status, std::string message) {
    const auto other = status < 500 ? ErrorKind::kInvalidRequest : ErrorKind::kUnavailable;
    const auto kind = find_named<ErrorKind>(word).value_or(other);
    return {kind, std::move(message), "", std::nullopt, word};
}

/// The error that an answer carries.
Error error_of(const net::Response& answer) {
    const auto body = parse_json(answer.body);
    const auto word = body ? string_at(*body, "kind") : "";
    if (word.empty()) {
        return {
            ErrorKind::kUnavailable,
            fmt::format("the server answered {}", net::status_in_words(answer.status)), ""
        };
    }
    return error_named(word, answer.status, string_at(*body, "message"));
}

/// Splits a stream into events as its bytes come.
class EventReader {
public:
    using Event = std::function<void(const std::string&, const json::value&)>;
    explicit EventReader(const Event& event) : event_(event) {}

    void add(std::string_view bytes) {
        rest_ += bytes;
        for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
            line(std::string_view(rest_).substr(0, end));
            rest_.erase(0, end + 1);
        }
    }

private:
    void line(std::string_view text) {
        constexpr std::string_view kName = "event: ";
        constexpr std::string_view kData = "data: ";
        if (text.starts_with(kName)) name_ = text.substr(kName.size());
        if (text.starts_with(kData)) data_ = text.substr(kData.size());
        if (!text.empty() || data_.empty()) return;
        if (const auto value = parse_json(data_)) event_(name_, *value);
        name_.clear();
        data_.clear();
    }

    const Event& event_;
    std::string rest_;
    std::string name_;
    std::string data_;
};

}  // namespace

Result<std::optional<ServerAccess>> find_address() {
    ServerAccess server{environment("ITTYBIT_API_URL"), environment("ITTYBIT_API_KEY")};
    if (server.url.empty() || server.key.empty()) {
        const auto config = TRY(read_config());
        if (server.url.empty()) server.url = string_at(config, "url");
        if (server.key.empty()) server.key = string_at(config, "key");
    }
    if (server.key.empty() && server.url.empty()) return std::optional<ServerAccess>();
    if (server.url.empty()) server.url = kDefaultUrl;
    while (server.url.ends_with('/')) server.url.pop_back();
    return std::optional(std::move(server));
}

Result<std::optional<ServerAccess>> find_server() {
    auto server = TRY(find_address());
    if (server && server->key.empty()) server.reset();
    return server;
}

Result<> save_server(const ServerAccess& server) {
    return write_private(
        kConfig, pretty_json(json::object{{"url", server.url}, {"key", server.key}})
    );
}

ApiClient::ApiClient(ServerAccess server)
    : server_(std::move(server)), client_({.policy = net::AddressPolicy::typed_by_user()}) {}

Result<net::Request> ApiClient::request(const std::string& method, const std::string& path) const {
    net::Request request;
    request.method = method;
    request.url = TRY(net::Url::parse(server_.url + path));
    if (!server_.key.empty()) {
        request.headers.push_back({"Authorization", "Bearer " + server_.key});
    }
    request.largest_body = 64U << 20U;
    return request;
}

Result<net::Response> ApiClient::answer(
    const std::string& method,
    const std::string& path,
    const json::value& body,
    const std::stop_token& stop
) {
    auto request = TRY(this->request(method, path));
    if (!body.is_null()) {
        request.body = compact_json(body);
        request.headers.push_back({"Content-Type", "application/json"});
    }
    auto answer = client_.send(request, stop);
    if (answer || answer.error().kind == ErrorKind::kCancelled) return answer;
    return unreachable(server_.url, answer.error());
}

Result<json::value> ApiClient::call(
    const std::string& method,
    const std::string& path,
    const json::value& body,
    const std::stop_token& stop
) {
    const auto answer = TRY(this->answer(method, path, body, stop));
    if (answer.status >= 300) return error_of(answer);
    if (answer.body.empty()) return json::value();
    return parse_json(answer.body);
}

Result<> ApiClient::judge(
    const std::string& path,
    const json::value& body,
    const std::vector<std::string>& unsent,
    const std::stop_token& stop
) {
    const auto answer = TRY(this->answer("POST", path, body, stop));
    if (answer.status < 300) return {};
    const auto told = parse_json(answer.body);
    const auto* errors =
        told && told->is_object() ? told->get_object().if_contains("errors") : nullptr;
    if (errors == nullptr || !errors->is_array()) return error_of(answer);
    std::vector<std::string> sentences;
    std::string kind;
    for (const auto& error : errors->get_array()) {
        if (std::ranges::find(unsent, string_at(error, "field")) != unsent.end()) continue;
        if (sentences.empty()) kind = string_at(error, "kind");
        sentences.push_back(string_at(error, "message"));
    }
    if (sentences.empty()) return {};
    return error_named(kind, answer.status, join(sentences, "; "));
}

Result<std::string> ApiClient::upload(
    const std::string& path, const Sent& progress, const std::stop_token& stop
) {
    const auto source = TRY(open_for_upload(path, progress, stop));
    const auto name = fs::path(path).filename().string();
    auto request = TRY(this->request("POST", "/uploads?filename=" + percent_encode(name)));
    request.upload = source.get();
    if (!source->size()) request.patience.stall = {};  // a pipe may take its time
    const auto answer = client_.send(request, stop);
    if (!answer) {
        if (answer.error().kind == ErrorKind::kCancelled) return answer.error();
        return unreachable(server_.url, answer.error());
    }
    if (answer->status != 201) return error_of(*answer);
    return string_at(TRY(parse_json(answer->body)), "url");
}

Result<> ApiClient::download(
    const std::string& url, const std::string& path, const std::stop_token& stop
) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) {
        return Error{
            ErrorKind::kInvalidOutput, fmt::format("{} cannot be written", path), "output"
        };
    }
    net::Request request;
    request.url = TRY(net::Url::parse(url));
    request.redirects = 5;
    const net::Receiver receiver{
        .head = [](const net::Response& head) -> Result<> {
            if (head.status == 200) return {};
            return Error{
                ErrorKind::kDownloadFailed,
                "the result's address answered " + net::status_in_words(head.status), ""
            };
        },
        .bytes = [&](std::span<const std::byte> bytes) -> Result<bool> {
            const auto count = ::write(file.get(), bytes.data(), bytes.size());
            if (std::cmp_equal(count, bytes.size())) return true;
            return Error{ErrorKind::kDiskFull, "there is no room for the output", "output"};
        }
    };
    TRY(client_.send(request, stop, receiver));
    return {};
}

Result<> ApiClient::follow(
    const std::string& path,
    const std::function<void(const std::string& name, const json::value& data)>& event,
    const std::stop_token& stop
) {
    auto request = TRY(this->request("GET", path));
    request.patience.stall = std::chrono::seconds(45);  // a comment comes every 15 s
    request.patience.slowest = 1;
    EventReader reader(event);
    const net::Receiver receiver{.bytes = [&](std::span<const std::byte> bytes) -> Result<bool> {
        reader.add({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        return true;
    }};
    const auto answer = client_.send(request, stop, receiver);
    if (!answer) return answer.error();
    if (answer->status < 300) return {};
    return Error{
        answer->status == 404 ? ErrorKind::kJobNotFound : ErrorKind::kUnavailable,
        "the events answered " + net::status_in_words(answer->status), ""
    };
}

int exit_status_of(const Error& error) {
    if (error.kind == ErrorKind::kUnavailable) return kUnreachable;
    return exit_status(error_row(error.kind).fault);
}

}  // namespace ittybit::cli
