#include "work/file_links.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "storage/digests.h"
#include "storage/secret_box.h"

namespace ittybit::work {
namespace {

constexpr std::size_t kMacLength = 32;  // hexadecimal digits

/// `<id>~<expires>~<mac>` as it is written; the latter two absent or spoilt: 0 and "".
struct Piece {
    std::string_view id;
    std::int64_t expires_s = 0;
    std::string_view mac;
};

Piece read_piece(std::string_view text) {
    const auto first = std::min(text.find('~'), text.size());
    Piece piece{text.substr(0, first), 0, {}};
    const auto second = text.find('~', first + 1);
    if (second == std::string_view::npos) return piece;
    const auto expires_s = whole_number<std::int64_t>(text.substr(first + 1, second - first - 1));
    if (expires_s) {
        piece.expires_s = *expires_s;
        piece.mac = text.substr(second + 1);
    }
    return piece;
}

json::object* object_at(json::object& thing, std::string_view name) {
    auto* member = thing.if_contains(name);
    return member != nullptr ? member->if_object() : nullptr;
}

Error refused(std::string_view why) {
    return {
        ErrorKind::kTokenInvalid,
        fmt::format(
            "{}: ask for a new one, which every answer that names the file has (GET /jobs/{{id}}, "
            "GET /files)",
            why
        ),
        ""
    };
}

}  // namespace

std::string FileLinks::mac_of(const std::string& key, std::string_view id, std::int64_t expires_s)
    const {
    const auto text = fmt::format("{}~{}", id, expires_s);
    return storage::hex_of(storage::hmac_sha256(key, text)).substr(0, kMacLength);
}

bool FileLinks::is_right(std::string_view mac, std::string_view id, std::int64_t expires_s) const {
    return std::ranges::any_of(keys_, [&](const auto& key) {
        return storage::equal_in_constant_time(mac, mac_of(key, id, expires_s));
    });
}

std::string FileLinks::url(std::string_view base, const ManagedName& file, UnixMillis now) const {
    if (!are_signed()) return managed_url(base, file);
    const auto step = std::max<std::int64_t>(1, lasts_s_ / 8);
    const auto expires_s = (now / 1000 + lasts_s_) / step * step;
    const auto mac = mac_of(keys_.front(), file.id, expires_s);
    return managed_url(base, {fmt::format("{}~{}~{}", file.id, expires_s, mac), file.name});
}

std::string FileLinks::renewed(const std::string& address, UnixMillis now) const {
    const auto file = find_managed(address);
    if (!file) return address;
    return url(std::string_view(address).substr(0, address.find("/files/")), *file, now);
}

void FileLinks::renew_output(json::object& of, std::string_view name, UnixMillis now) const {
    auto* url = of.if_contains(name);
    if (url != nullptr && url->is_string()) *url = renewed(std::string(url->get_string()), now);
}

void FileLinks::renew_input(json::object& of, std::string_view name, UnixMillis now) const {
    auto* url = of.if_contains(name);
    if (url == nullptr || !url->is_string()) return;
    const std::string address(url->get_string());
    if (!find_managed(address)) return;
    const auto start = address.find("/files/") + 7;
    const auto length = address.find('/', start) - start;
    const auto piece = read_piece(std::string_view(address).substr(start, length));
    if (is_right(piece.mac, piece.id, piece.expires_s)) *url = renewed(address, now);
}

void FileLinks::renew_task(json::object& task, UnixMillis now) const {
    if (auto* output = object_at(task, "output")) renew_output(*output, "url", now);
    if (auto* input = object_at(task, "input")) renew_input(*input, "url", now);
    const auto* kind = task.if_contains("kind");
    auto* options = object_at(task, "options");
    if (options != nullptr && kind != nullptr && *kind == "export")
        renew_output(*options, "url", now);
}

void FileLinks::renew(json::object& thing, UnixMillis now) const {
    if (!are_signed()) return;
    renew_input(thing, "url", now);
    auto* tasks = thing.if_contains("tasks");
    if (tasks == nullptr) return renew_task(thing, now);
    renew_input(thing, "input", now);
    renew_output(thing, "output", now);
    if (auto* outputs = thing.if_contains("outputs"); outputs != nullptr && outputs->is_array()) {
        for (auto& output : outputs->get_array()) renew_output(output.get_object(), "output", now);
    }
    for (auto& task : tasks->get_array()) renew_task(task.get_object(), now);
}

Result<FileLinks::Permission> FileLinks::judge(std::string_view text, UnixMillis now) const {
    const auto piece = read_piece(text);
    if (!are_signed()) return Permission{std::string(piece.id)};
    if (piece.mac.empty()) return refused("files of this server have signed addresses");
    if (!is_right(piece.mac, piece.id, piece.expires_s))
        return refused("this address has a wrong signature");
    if (piece.expires_s * 1000 <= now) return refused("this address has expired");
    return Permission{std::string(piece.id), piece.expires_s};
}

}  // namespace ittybit::work
