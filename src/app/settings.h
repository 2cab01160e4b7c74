#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "base/fields.h"
#include "base/json.h"
#include "base/log.h"
#include "base/result.h"
#include "model/limits.h"
#include "model/split.h"

namespace CLI {
class App;
}

namespace ittybit::app {

/// ADDRESS:PORT, an IPv6 address in brackets.
struct ListenAddress {
    std::string host = "127.0.0.1";
    int port = 8080;  // 0: any free one

    std::string text() const;
    static Result<ListenAddress> from_json(const json::value& value);
    json::value to_json_value() const { return json::value(text()); }
    static json::value schema() { return {{"type", "string"}}; }
};

/// What an operator decides about serve and worker: a member and a row each, and that is all. A row
/// is a flag (`--max-queued`), a variable (`ITTYBIT_MAX_QUEUED`), and a line of the configuration
/// file (`max_queued`); docs/ittybit.toml is made from it.
struct Settings {
    ListenAddress listen;
    std::string public_url;
    std::vector<std::string> trusted_proxy;
    int rate_limit = 0;
    std::int64_t max_queued = 100'000;
    std::string data;  // empty: data_folder()
    std::string database;
    std::string storage;
    bool redirect_files = false;
    std::optional<Duration> sign_files;
    std::optional<Duration> keep_outputs;
    std::int64_t keep_free = 256 << 20;
    int concurrency = 0;
    int light_slots = 1;
    std::int64_t slow_input = 65'536;
    double slow_input_after = 60;
    Splitting split;
    bool require_sandbox = false;
    bool allow_private_network = false;
    std::vector<std::string> allow_host;
    log::Level log_level = log::Level::kInfo;
    std::optional<log::Format> log_format;
    Limits limits;  // of one media operation; its rows are settings named `limit_…`

    static constexpr auto kFields = Fields{
        Field{&Settings::listen, "listen", "ADDRESS:PORT to serve on; port 0 is any free one."},
        Field{
            &Settings::public_url, "public_url",
            "How clients reach the server, which tells its workers; without it: as each request "
            "was "
            "sent."
        },
        Field{
            &Settings::trusted_proxy, "trusted_proxy",
            "Addresses or blocks (10.0.0.0/8) of proxies whose X-Forwarded-* or Forwarded is "
            "believed."
        },
        Field{&Settings::rate_limit, "rate_limit", "Requests a minute and key; 0 is any number."}
            .between(0, 1e9),
        Field{&Settings::max_queued, "max_queued", "Jobs and tasks that may wait; more is 429."}
            .between(0, 1e9),
        Field{
            &Settings::data, "data",
            "Folder for database, files and keys; without it $XDG_DATA_HOME/ittybit."
        },
        Field{
            &Settings::database, "database",
            "postgres://USER@HOST/NAME that servers and workers share; without it SQLite in the "
            "data folder."
        },
        Field{
            &Settings::storage, "storage",
            "s3://BUCKET/PREFIX for managed files, with credentials as AWS' tools find them; "
            "without "
            "it they lie in the data folder."
        },
        Field{
            &Settings::redirect_files, "redirect_files",
            "With a bucket as storage: clients fetch files from there, by signed URLs."
        },
        Field{
            &Settings::sign_files, "sign_files",
            "Addresses of files are signed and hold for this time: 12h, 45m; without it for ever."
        },
        Field{
            &Settings::keep_outputs, "keep_outputs",
            "Outputs are deleted after this time: 30d, 12h, 45m or 90s; without it they are kept."
        },
        Field{
            &Settings::keep_free, "keep_free",
            "Bytes of disk that stay free, at most a tenth of it."
        }
            .between(0, 1e15),
        Field{
            &Settings::concurrency, "concurrency",
            "Jobs at once; 0 is one for every two cores, two at least."
        }
            .between(0, 256),
        Field{
            &Settings::light_slots, "light_slots",
            "Light jobs at once beside those, so that they wait for no film: pictures, short sound "
            "and clips; 0 is none."
        }
            .between(0, 256),
        Field{
            &Settings::slow_input, "slow_input",
            "Bytes a second; an input that brings less lends its slot to others while it is waited "
            "for."
        }
            .between(0, 1e12),
        Field{
            &Settings::slow_input_after, "slow_input_after",
            "Seconds of waiting before an input is called slow."
        }
            .between(0.1, 86400),
        Field{
            &Settings::split, "split",
            "auto, never or a piece's seconds: whether long encodes are shared with other slots "
            "and workers."
        },
        Field{
            &Settings::require_sandbox, "require_sandbox",
            "Refuse to run without all walls around media."
        },
        Field{
            &Settings::allow_private_network, "allow_private_network",
            "Inputs and webhooks may reach private and loopback addresses."
        },
        Field{
            &Settings::allow_host, "allow_host",
            "HOST or HOST:PORT that inputs and webhooks may reach, wherever it is."
        },
        Field{&Settings::log_level, "log_level", "The least that is logged."},
        Field{
            &Settings::log_format, "log_format",
            "Lines for people or JSON; without it the former on a terminal, the latter elsewhere."
        },
    };
};

/// What `worker` does not heed.
inline constexpr std::array<std::string_view, 7> kOfServeAlone = {"listen",         "trusted_proxy",
                                                                  "rate_limit",     "max_queued",
                                                                  "redirect_files", "sign_files",
                                                                  "keep_outputs"};

/// What SIGHUP changes; all else waits for the next start.
inline constexpr std::array<std::string_view, 4> kReloaded = {
    "rate_limit", "max_queued", "log_level", "log_format"
};

/// Each row with the name that users know and the value that is preset.
template <typename Visit>
void for_each_setting(const Visit& visit) {
    const Settings preset;
    for_each_field<Settings>([&](const auto& field) {
        visit(std::string(field.name), field, preset.*field.member);
    });
    for_each_field<Limits>([&](const auto& field) {
        visit("limit_" + std::string(field.name), field, preset.limits.*field.member);
    });
}

/// What was said, and where: "--listen", "ITTYBIT_LISTEN", "listen in /etc/ittybit/ittybit.toml".
struct Said {
    json::object values;
    std::map<std::string, std::string, std::less<>> places;
};

/// `--config FILE`, else `$ITTYBIT_CONFIG`.
void add_config_flag(CLI::App& app, std::string& config);

/// Adds a flag for each setting that is wanted, which writes what is typed into `flags`.
void add_setting_flags(
    CLI::App& app, json::object& flags, const std::function<bool(std::string_view)>& is_wanted
);

/// Flags go before the environment, that before the file `config` (empty: there is none).
/// Errors: `invalid_request`, where the file cannot be read.
Result<Said> gather_settings(const json::object& flags, const std::string& config);

/// Errors: `invalid_request`: all that is wrong, each with its place.
Result<Settings> read_settings(const Said& said);

/// The same without a password in a URL, before the host or in the query, which is nobody's
/// business who looks at settings.
std::string without_password(const std::string& text);

/// The names of those that differ.
std::vector<std::string> differences(const Settings& one, const Settings& other);

/// The lines of a configuration file that say the same of the settings that are wanted, with the
/// place of what is not preset.
std::string settings_text(
    const Settings& settings,
    const Said& said,
    const std::function<bool(std::string_view)>& is_wanted
);

}  // namespace ittybit::app
