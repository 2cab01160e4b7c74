#include "app/engine.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "api/forwarded.h"
#include "base/ids.h"
#include "cli/local_run.h"
#include "model/output_name.h"
#include "storage/folder.h"
#include "storage/s3.h"
#include "store/migrations.h"
#include "store/postgres.h"
#include "store/sqlite.h"
#include "work/places.h"
#include "work/stream_key.h"

namespace ittybit::app {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

Result<Place> open_bucket(const std::string& url) {
    const auto environment = storage::process_environment();
    auto account = TRY(storage::account_from_environment(environment));
    if (!account) {
        return Error{
            ErrorKind::kConnectionRequired,
            "--storage s3://… needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the files of "
            "AWS",
            "storage"
        };
    }
    Place bucket;
    // The operator's own choice, which may be anywhere.
    bucket.client = std::make_unique<net::Client>(net::Client::Settings{
        .policy = net::AddressPolicy::typed_by_user(),
        .ca_file = environment("AWS_CA_BUNDLE").value_or(""),
    });
    const auto place = work::read_s3(url);
    const auto prefix = place.key.empty() ? "" : place.key + "/";
    bucket.storage = storage::open_s3(*bucket.client, *std::move(account), place.bucket, prefix);
    if (auto tried = storage::try_storage(*bucket.storage, {}); !tried) {
        return std::move(tried).error().in("--storage " + url);
    }
    return bucket;
}

std::string key_file(const Engine& engine) {
    return engine.data + "/secret-key";
}

Result<> check_not_moved(const std::string& data) {
    std::ifstream mark(moved_mark(data));
    std::string place;
    if (!std::getline(mark, place)) return {};
    return Error{
        ErrorKind::kUnavailable,
        fmt::format(
            "the installation in {} was moved to {}: give that as --database (or remove {}, and go "
            "on here without what happened since)",
            data, place, moved_mark(data)
        ),
        "database"
    };
}

/// The servers and workers of one database reach the same files: whoever is the first says where.
/// A folder is known by a name that lies in it. Errors: `unavailable`.
Result<> agree_on_storage(Engine& engine, const std::string& url) {
    const auto mark = engine.data + "/storage/name";
    const bool is_folder = url.empty();
    const auto own = is_folder ? TRY(keep_secret(mark, [] { return random_hex(128); })) : url;
    const auto agreed = TRY(engine.settings->settle("storage", own));
    if (agreed == own) return {};
    const bool is_bucket = agreed.starts_with("s3://");
    return Error{
        ErrorKind::kUnavailable,
        is_bucket ? fmt::format("the files of this database are in {0}: say --storage {0}", agreed)
        : is_folder
            ? fmt::format(
                  "the files of this database are in another folder than {}/storage: run all "
                  "servers and workers on one machine with one --data, or give them all "
                  "--storage s3://…",
                  engine.data
              )
            : "the files of this database are in its first server's data folder, not in a bucket: "
              "leave --storage out, and run there",
        "storage"
    };
}

/// Errors: `unavailable` where others on this database seal with a key that is not known here.
Result<> agree_on_key(Engine& engine) {
    const std::string name = "secret_key";
    const auto own = TRY(engine.secrets->seal(name, name));
    const auto agreed = TRY(engine.settings->settle(name, own));
    if (!engine.secrets->unseal(agreed, name)) {
        return Error{
            ErrorKind::kUnavailable,
            "the secrets in this database were sealed by servers with another key: give this one "
            "their ITTYBIT_SECRET_KEY, or their file secret-key",
            "database"
        };
    }
    if (engine.secrets->is_current(agreed)) return {};
    return engine.settings->set(name, own);
}

Result<> seal_anew(Engine& engine) {
    if (!engine.is_alone) TRY(agree_on_key(engine));
    TRY(work::seal_anew(*engine.connections, *engine.secrets));
    return work::seal_anew(*engine.jobs, *engine.secrets);
}

/// On one database; in a data folder with SQLite there is one server, and workers seal nothing.
Result<bool> are_others_sealing(Engine& engine) {
    if (engine.is_alone) return false;
    return engine.workers->has_others(engine.shop->worker, engine.clock().now());
}

/// Errors: `unavailable` where others work, who would not know a new key.
Result<> be_the_only_one(Engine& engine) {
    if (engine.is_alone) {
        engine.hold.reset();
        engine.hold = TRY(hold_folder(engine.data, Use::kMove));
    }
    if (!TRY(are_others_sealing(engine))) return {};
    return Error{
        ErrorKind::kUnavailable,
        "other servers and workers know the old secret key alone: stop them first (that one was "
        "killed is known after three minutes)",
        ""
    };
}

/// What an older key sealed is sealed anew at each start: whoever added a key may drop the old one
/// then.
Result<> open_secrets(Engine& engine) {
    auto box = TRY(storage::SecretBox::open(key_file(engine), environment("ITTYBIT_SECRET_KEY")));
    engine.secrets = std::make_unique<storage::SecretBox>(std::move(box));
    return seal_anew(engine);
}

}  // namespace

Result<> make_folder(const std::string& path) {
    std::error_code code;
    fs::create_directories(path, code);
    if (!code) fs::permissions(path, fs::perms::owner_all, code);
    if (!code) return {};
    return Error{
        ErrorKind::kUnavailable,
        fmt::format("the folder {} cannot be used: {}", path, code.message()), "data"
    };
}

Result<Place> open_place(const Settings& settings) {
    if (!settings.storage.empty()) return open_bucket(settings.storage);
    return Place{{}, TRY(storage::open_folder(settings.data + "/storage", settings.keep_free))};
}

Result<Fd> hold_folder(const std::string& data, Use use) {
    struct Hold {
        const char* file;
        int kind;
        const char* refusal;
    };
    static const std::map<Use, Hold> kHolds = {
        {Use::kServe, {"lock", LOCK_EX, "another ittybit serve is running on {}"}},
        {Use::kWork, {"in-use", LOCK_SH, "ittybit migrate is moving {}"}},
        {Use::kMove, {"in-use", LOCK_EX, "ittybit worker is running on {}"}},
    };
    const auto& hold = kHolds.at(use);
    TRY(make_folder(data));
    Fd file(
        ::open(fmt::format("{}/{}", data, hold.file).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)
    );
    if (file && ::flock(file.get(), hold.kind | LOCK_NB) == 0) return file;
    return Error{ErrorKind::kUnavailable, fmt::format(fmt::runtime(hold.refusal), data), "data"};
}

std::string moved_mark(const std::string& data) {
    return data + "/moved";
}

std::string data_folder() {
    if (auto folder = environment("XDG_DATA_HOME"); !folder.empty()) return folder + "/ittybit";
    return environment("HOME") + "/.local/share/ittybit";
}

Result<std::unique_ptr<store::Database>> open_database(const Settings& settings) {
    TRY(make_folder(settings.data));
    std::unique_ptr<store::Database> database;
    if (settings.database.empty()) {
        TRY(check_not_moved(settings.data));
        database = TRY(store::SqliteDatabase::open(settings.data + "/ittybit.db"));
    } else {
        database = TRY(store::PostgresDatabase::open(settings.database));
    }
    TRY(store::migrate(*database));
    return database;
}

Result<std::string> keep_secret(const std::string& path, const std::function<std::string()>& make) {
    const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
    std::string text(4096, '\0');
    const auto count = file ? ::pread(file.get(), text.data(), text.size(), 0) : -1;
    if (count < 0)
        return Error{ErrorKind::kUnavailable, fmt::format("{} cannot be read", path), "data"};
    text.resize(static_cast<std::size_t>(count));
    while (!text.empty() && text.back() == '\n') text.pop_back();
    if (!text.empty()) return text;
    text = make();
    const auto line = text + "\n";
    const auto written = ::pwrite(file.get(), line.data(), line.size(), 0);
    if (std::cmp_not_equal(written, line.size()) || ::fsync(file.get()) != 0) {
        return Error{ErrorKind::kUnavailable, fmt::format("{} cannot be written", path), "data"};
    }
    return text;
}

net::AddressPolicy policy_of(const Settings& settings) {
    auto policy = net::AddressPolicy::strict();
    policy.allow_private = settings.allow_private_network;
    policy.allow_hosts = settings.allow_host;
    return policy;
}

Settings completed(Settings settings) {
    constexpr int kCoresOfOneJob = 2;  // an encode uses all it can
    if (settings.data.empty()) settings.data = data_folder();
    if (settings.concurrency == 0) {
        const auto cores = static_cast<int>(std::thread::hardware_concurrency());
        settings.concurrency = std::max(2, cores / kCoresOfOneJob);
    }
    for (auto* url : {&settings.public_url, &settings.storage}) {
        while (url->ends_with('/')) url->pop_back();
    }
    return settings;
}

Result<> check(const Settings& settings) {
    TRY(api::TrustedProxies::read(settings.trusted_proxy));
    if (!settings.storage.empty()) TRY(check_s3_output(settings.storage + "/x"));
    const auto& database = settings.database;
    if (!database.empty() && !database.starts_with("postgres://") &&
        !database.starts_with("postgresql://")) {
        return Error{
            ErrorKind::kInvalidRequest, "database must begin with postgres://", "database"
        };
    }
    const auto& url = settings.public_url;
    if ((url + "/").find("/files/") != std::string::npos) {
        return Error{
            ErrorKind::kInvalidRequest,
            "public_url must lead into no folder named files: stored files are known by it",
            "public_url"
        };
    }
    if (url.empty() || url.starts_with("https://") || url.starts_with("http://")) return {};
    return Error{
        ErrorKind::kInvalidRequest,
        fmt::format("public_url must begin with https:// or http://, not be {}", url), "public_url"
    };
}

Result<std::unique_ptr<Engine>> build_engine(const Settings& settings, const std::string& worker) {
    auto engine = std::make_unique<Engine>();
    engine->data = settings.data;
    engine->is_alone = settings.database.empty();
    if (engine->is_alone) engine->hold = TRY(hold_folder(settings.data, Use::kWork));
    engine->database = TRY(open_database(settings));
    auto& database = *engine->database;
    engine->jobs = std::make_unique<store::JobStore>(database);
    engine->queue = std::make_unique<store::Queue>(database);
    engine->outbox = std::make_unique<store::Outbox>(database);
    engine->files = std::make_unique<store::FileTable>(database);
    engine->resumables = std::make_unique<store::ResumableTable>(database);
    engine->connections = std::make_unique<store::ConnectionTable>(database);
    engine->uploads = std::make_unique<store::UploadTable>(database);
    engine->keys = std::make_unique<store::KeyTable>(database);
    engine->settings = std::make_unique<store::SettingTable>(database);
    engine->segments = std::make_unique<store::SegmentTable>(database);
    engine->workers = std::make_unique<store::WorkerTable>(database);
    auto place = TRY(open_place(settings));
    engine->storage_client = std::move(place.client);
    engine->storage = std::move(place.storage);
    if (!engine->is_alone) TRY(agree_on_storage(*engine, settings.storage));
    TRY(open_secrets(*engine));
    engine->client =
        std::make_unique<net::Client>(net::Client::Settings{.policy = policy_of(settings)});
    const auto scratch = engine->data + "/scratch";
    TRY(make_folder(scratch));
    sandbox::Workspace::remove_abandoned(scratch);
    auto media = cli::zygote_options(scratch);
    media.limits = settings.limits;
    media.keep_free = settings.keep_free;
    engine->room = std::make_unique<storage::Room>(scratch, settings.keep_free);
    engine->zygote = std::make_unique<sandbox::Zygote>(std::move(media));
    const auto perform = [&zygote = *engine->zygote](
                             const auto& request, const auto& events, const auto& stop
                         ) { return work::run_operation(zygote, request, events, stop); };
    engine->shop = std::make_unique<work::Workshop>(
        work::Workshop{*engine->jobs,     *engine->queue,
                       *engine->files,    *engine->connections,
                       *engine->uploads,  *engine->settings,
                       *engine->segments, *engine->workers,
                       engine->storage,   *engine->secrets,
                       *engine->client,   *engine->room,
                       perform,           engine->metrics,
                       engine->troubles,  engine->clock(),
                       scratch,           worker,
                       settings.limits,   {settings.slow_input, settings.slow_input_after},
                       settings.split}
    );
    return engine;
}

Result<> rotate_secret_key(Engine& engine) {
    if (!environment("ITTYBIT_SECRET_KEY").empty()) {
        return Error{
            ErrorKind::kInvalidRequest,
            "--rotate-secret-key is for the key file: put the new key in front of the old one in "
            "ITTYBIT_SECRET_KEY, with a comma between",
            ""
        };
    }
    TRY(be_the_only_one(engine));
    TRY(storage::SecretBox::add_key(key_file(engine)));
    *engine.secrets = TRY(storage::SecretBox::open(key_file(engine), ""));
    TRY(seal_anew(engine));
    if (engine.is_alone) ::flock(engine.hold.get(), LOCK_SH);  // workers may come
    return {};
}

Result<> forget_old_keys(Engine& engine, const std::optional<Duration>& sign_files) {
    const auto path = key_file(engine);
    if (!environment("ITTYBIT_SECRET_KEY").empty()) return {};
    std::error_code code;
    const auto age = fs::file_time_type::clock::now() - fs::last_write_time(path, code);
    if (sign_files && age < std::chrono::milliseconds(sign_files->ms)) return {};
    if (TRY(are_others_sealing(engine))) return {};
    TRY(storage::SecretBox::forget_old_keys(path));
    *engine.secrets = TRY(storage::SecretBox::open(path, ""));
    return {};
}

}  // namespace ittybit::app
