#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/settings.h"
#include "base/fd.h"
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

/// Where nobody has said: `$XDG_DATA_HOME/ittybit`, else `~/.local/share/ittybit`.
std::string data_folder();

/// A folder that only its owner may enter, made when missing. Errors: `unavailable`.
Result<> make_folder(const std::string& path);

/// Opens the database of completed settings, at the newest schema; the data folder is made when
/// missing. Errors: `unavailable`, also where the installation was moved.
Result<std::unique_ptr<store::Database>> open_database(const Settings& settings);

/// Text kept in a file of mode 0600, made by `make` when missing.
Result<std::string> keep_secret(const std::string& path, const std::function<std::string()>& make);

/// Where managed files are; a bucket with the client that reaches it.
struct Place {
    std::unique_ptr<net::Client> client;
    std::shared_ptr<storage::Storage> storage;
};

/// Of completed settings. A bucket is tried at once: an operator learns at the start what is wrong
/// with it. Errors: `unavailable`, `connection_required`, and those of try_storage.
Result<Place> open_place(const Settings& settings);

/// What a process does with the data folder of an installation on SQLite.
enum class Use {
    kServe,  // one at a time: two would take each other's jobs for their own
    kWork,   // any number
    kMove,   // while nobody works
};

/// Holds the folder for a use, for as long as the descriptor lives. Errors: `unavailable` where
/// others hold it.
Result<Fd> hold_folder(const std::string& data, Use use);

/// Where an installation on SQLite has been moved to is written here.
std::string moved_mark(const std::string& data);

/// All that serve and worker share. Members are in the order of who needs whom.
struct Engine {
    std::string data;
    bool is_alone = true;  // no other server works on the database
    Fd hold;               // of a data folder with SQLite
    std::unique_ptr<store::Database> database;
    std::unique_ptr<store::JobStore> jobs;
    std::unique_ptr<store::Queue> queue;
    std::unique_ptr<store::Outbox> outbox;
    std::unique_ptr<store::FileTable> files;
    std::unique_ptr<store::ResumableTable> resumables;
    std::unique_ptr<store::ConnectionTable> connections;
    std::unique_ptr<store::UploadTable> uploads;
    std::unique_ptr<store::KeyTable> keys;
    std::unique_ptr<store::SettingTable> settings;
    std::unique_ptr<store::SegmentTable> segments;
    std::unique_ptr<store::WorkerTable> workers;
    std::unique_ptr<net::Client> storage_client;
    std::shared_ptr<storage::Storage> storage;
    std::unique_ptr<storage::SecretBox> secrets;
    std::unique_ptr<net::Client> client;
    std::unique_ptr<storage::Room> room;
    std::unique_ptr<sandbox::Zygote> zygote;
    work::Metrics metrics;
    work::Troubles troubles;
    std::unique_ptr<work::Workshop> shop;

    const Clock& clock() const { return database->clock(); }
};

/// Which addresses inputs and webhooks may reach.
net::AddressPolicy policy_of(const Settings& settings);

/// What the settings leave open, decided by the machine.
Settings completed(Settings settings);

/// What the rows of the settings cannot say. Errors: `invalid_request`, `invalid_output`.
Result<> check(const Settings& settings);

/// Of completed settings. Errors: `unavailable`, `internal_error`, in words for the operator.
Result<std::unique_ptr<Engine>> build_engine(const Settings& settings, const std::string& worker);

/// Seals all that is sealed with a new key. Errors: `invalid_request`, where ITTYBIT_SECRET_KEY
/// goes before the file of keys; `unavailable`, where others work who would not know the new one.
Result<> rotate_secret_key(Engine& engine);

/// Forgets older keys of the file once nothing is left that they sealed or signed: addresses hold
/// for `sign_files`.
Result<> forget_old_keys(Engine& engine, const std::optional<Duration>& sign_files);

}  // namespace ittybit::app
