#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "model/limits.h"
#include "net/client.h"
#include "sandbox/zygote.h"
#include "storage/room.h"
#include "storage/secret_box.h"
#include "storage/storage.h"
#include "store/job_store.h"
#include "store/queue.h"
#include "store/side_tables.h"
#include "work/workshop.h"

/// Configuration and wiring: which objects there are and who knows whom.
namespace ittybit::app {

/// What an operator says on the command line of serve and worker.
struct Settings {
    std::string listen = "127.0.0.1:8080";
    std::string data;  // a folder; empty: data_folder()
    std::string public_url;
    std::string log_level = "info";
    std::string keep_outputs;  // "30d"; empty: for ever
    std::string storage;       // "s3://bucket/prefix" of managed files; empty: a folder
    int concurrency = 0;       // 0: by the machine's cores
    int rate_limit = 0;
    std::int64_t most_queued = 100'000;
    bool redirects_files = false;
    bool rotates_secret_key = false;
    bool requires_sandbox = false;
    bool allows_private_network = false;
    std::vector<std::string> allowed_hosts;
    std::int64_t keep_free = 256 << 20;  // bytes of scratch's disk; at most a tenth of it
    Limits limits;                       // of one media operation
    work::SlowBound slow_input;
};

/// `$ITTYBIT_DATA`, else `$XDG_DATA_HOME/ittybit`, else `~/.local/share/ittybit`.
std::string data_folder();

/// A folder that only its owner may enter, made when missing. Errors: `unavailable`.
Result<> make_folder(const std::string& path);

/// Opens the database of a data folder, which is made when missing, at the newest schema.
/// Errors: `unavailable`.
Result<std::unique_ptr<store::Database>> open_database(const std::string& data);

/// Text kept in a file of mode 0600, made by `make` when missing.
Result<std::string> keep_secret(const std::string& path, const std::function<std::string()>& make);

/// Milliseconds of "30d", "12h", "45m" or "90s". Errors: `invalid_request`.
Result<UnixMillis> read_duration(const std::string& text);

/// All that serve and worker share. Members are in the order of who needs whom.
struct Engine {
    std::string data;
    std::unique_ptr<store::Database> database;
    std::unique_ptr<store::JobStore> jobs;
    std::unique_ptr<store::Queue> queue;
    std::unique_ptr<store::Outbox> outbox;
    std::unique_ptr<store::FileTable> files;
    std::unique_ptr<store::ConnectionTable> connections;
    std::unique_ptr<store::UploadTable> uploads;
    std::unique_ptr<store::KeyTable> keys;
    std::unique_ptr<store::SettingTable> settings;
    std::unique_ptr<net::Client> storage_client;
    std::shared_ptr<storage::Storage> storage;
    std::unique_ptr<storage::SecretBox> secrets;
    std::unique_ptr<net::Client> client;
    std::unique_ptr<storage::Room> room;
    std::unique_ptr<sandbox::Zygote> zygote;
    work::Metrics metrics;
    work::Troubles troubles;
    SystemClock clock;
    std::unique_ptr<work::Workshop> shop;
};

/// Which addresses inputs and webhooks may reach.
net::AddressPolicy policy_of(const Settings& settings);

/// Errors: `unavailable`, `internal_error`, in words for the operator.
Result<std::unique_ptr<Engine>> build_engine(const Settings& settings, const std::string& worker);

/// How many jobs at once, where nobody has said: an encode uses all cores it can.
int default_concurrency();

}  // namespace ittybit::app
