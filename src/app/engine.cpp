#include "app/engine.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "cli/local_run.h"
#include "model/output_name.h"
#include "storage/folder.h"
#include "storage/s3.h"
#include "store/migrations.h"
#include "store/sqlite.h"
#include "work/places.h"

namespace ittybit::app {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

/// A bucket is tried at once: an operator learns at the start what is wrong with it.
Result<> open_bucket(Engine& engine, const std::string& url) {
    TRY(check_s3_output(url + "/x"));
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
    // The operator's own choice, which may be anywhere.
    engine.storage_client = std::make_unique<net::Client>(net::Client::Settings{
        .policy = net::AddressPolicy::typed_by_user(),
        .ca_file = environment("AWS_CA_BUNDLE").value_or(""),
    });
    const auto place = work::read_s3(url);
    const auto prefix = place.key.empty() ? "" : place.key + "/";
    engine.storage =
        storage::open_s3(*engine.storage_client, *std::move(account), place.bucket, prefix);
    if (auto tried = storage::try_storage(*engine.storage, {}); !tried) {
        return std::move(tried).error().in("--storage " + url);
    }
    return {};
}

Result<> open_storage(Engine& engine, std::string url, std::int64_t keep_free) {
    while (url.ends_with('/')) url.pop_back();
    if (!url.empty()) return open_bucket(engine, url);
    engine.storage = TRY(storage::open_folder(engine.data + "/storage", keep_free));
    return {};
}

/// What an older key sealed is sealed anew at each start: whoever added a key may drop the old one
/// then.
Result<> open_secrets(Engine& engine, bool is_rotating) {
    const auto file = engine.data + "/secret-key";
    const auto given = environment("ITTYBIT_SECRET_KEY");
    if (is_rotating && !given.empty()) {
        return Error{
            ErrorKind::kInvalidRequest,
            "--rotate-secret-key is for the key file: put the new key in front of the old one in "
            "ITTYBIT_SECRET_KEY, with a comma between",
            ""
        };
    }
    engine.secrets =
        std::make_unique<storage::SecretBox>(TRY(storage::SecretBox::open(file, given)));
    if (is_rotating) {
        TRY(storage::SecretBox::add_key(file));
        *engine.secrets = TRY(storage::SecretBox::open(file, given));
    }
    TRY(work::seal_anew(*engine.connections, *engine.secrets));
    if (is_rotating) TRY(storage::SecretBox::forget_old_keys(file));
    return {};
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

std::string data_folder() {
    if (auto folder = environment("ITTYBIT_DATA"); !folder.empty()) return folder;
    if (auto folder = environment("XDG_DATA_HOME"); !folder.empty()) return folder + "/ittybit";
    return environment("HOME") + "/.local/share/ittybit";
}

Result<std::unique_ptr<store::Database>> open_database(const std::string& data) {
    TRY(make_folder(data));
    std::unique_ptr<store::Database> database =
        TRY(store::SqliteDatabase::open(data + "/ittybit.db"));
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

Result<UnixMillis> read_duration(const std::string& text) {
    UnixMillis number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, number);
    const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
    UnixMillis factor = 0;
    if (unit == "s") factor = 1000;
    if (unit == "m") factor = 60'000;
    if (unit == "h") factor = 3'600'000;
    if (unit == "d") factor = 86'400'000;
    if (code == std::errc() && factor > 0 && number > 0 && number < 100'000) return number * factor;
    return Error{
        ErrorKind::kInvalidRequest, fmt::format("{} is no time: write 30d, 12h, 45m or 90s", text),
        ""
    };
}

net::AddressPolicy policy_of(const Settings& settings) {
    auto policy = net::AddressPolicy::strict();
    policy.allow_private = settings.allows_private_network;
    policy.allow_hosts = settings.allowed_hosts;
    return policy;
}

Result<std::unique_ptr<Engine>> build_engine(const Settings& settings, const std::string& worker) {
    auto engine = std::make_unique<Engine>();
    engine->data = settings.data.empty() ? data_folder() : settings.data;
    engine->database = TRY(open_database(engine->data));
    auto& database = *engine->database;
    engine->jobs = std::make_unique<store::JobStore>(database);
    engine->queue = std::make_unique<store::Queue>(database);
    engine->outbox = std::make_unique<store::Outbox>(database);
    engine->files = std::make_unique<store::FileTable>(database);
    engine->connections = std::make_unique<store::ConnectionTable>(database);
    engine->uploads = std::make_unique<store::UploadTable>(database);
    engine->keys = std::make_unique<store::KeyTable>(database);
    engine->settings = std::make_unique<store::SettingTable>(database);
    TRY(open_storage(*engine, settings.storage, settings.keep_free));
    TRY(open_secrets(*engine, settings.rotates_secret_key));
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
    engine->shop = std::make_unique<work::Workshop>(work::Workshop{
        *engine->jobs, *engine->queue, *engine->files, *engine->connections, *engine->uploads,
        *engine->settings, engine->storage, *engine->secrets, *engine->client, *engine->room,
        *engine->zygote, engine->metrics, engine->troubles, engine->clock, scratch, worker,
        settings.limits, settings.slow_input
    });
    return engine;
}

int default_concurrency() {
    return std::max(2, static_cast<int>(std::thread::hardware_concurrency()) / 2);
}

}  // namespace ittybit::app
