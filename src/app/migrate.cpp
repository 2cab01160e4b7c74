#include "app/migrate.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/engine.h"
#include "app/keys.h"
#include "base/crew.h"
#include "base/pause.h"
#include "model/content_type.h"
#include "store/copying.h"
#include "store/migrations.h"
#include "store/sqlite.h"

namespace ittybit::app {
namespace {

namespace fs = std::filesystem;

struct MigrateWords {
    std::string from;
    std::string to;
    std::string storage;
};

/// What is told while it goes on, and where the old servers are asked to stop.
template <typename... Words>
void say(fmt::format_string<Words...> text, Words&&... words) {
    fmt::print(stderr, "{}\n", fmt::format(text, std::forward<Words>(words)...));
}

/// Copies an object that is not there yet. Gives the bytes that were sent.
Result<std::int64_t> copy_object(
    const storage::Stored& object,
    storage::Storage& from,
    storage::Storage& to,
    const std::stop_token& stop
) {
    const auto there = to.head(object.key, stop);
    if (there && there->size == object.size) return 0;
    if (!there && there.error().kind != ErrorKind::kFileNotFound) return there.error();
    storage::UploadOptions options;
    options.content_type = content_type_of(object.key);
    options.expected_size = object.size;
    const auto upload = TRY(to.begin(object.key, std::move(options), stop));
    TRY(from.read(
        object.key, {0, object.size},
        [&](std::span<const std::byte> bytes) -> Result<bool> {
            TRY(upload->append(bytes, stop));
            return true;
        },
        stop
    ));
    TRY(upload->commit(object.size, stop));
    return object.size;
}

/// Copies all managed files that are not there yet; those deleted meanwhile are not missed.
Result<> copy_files(storage::Storage& from, storage::Storage& to, const std::stop_token& stop) {
    constexpr std::size_t kAtOnce = 8;
    const auto objects = TRY(from.list("files/", stop));
    Crew<storage::Stored, std::int64_t> crew(
        kAtOnce,
        [&](const auto& object, const auto& end) -> Result<std::int64_t> {
            auto sent = copy_object(object, from, to, end);
            if (sent) return sent;
            const auto left = from.head(object.key, end);
            if (!left && left.error().kind == ErrorKind::kFileNotFound) return 0;
            return std::move(sent).error().in(object.key);
        }
    );
    for (const auto& object : objects) TRY(crew.give(object, 2 * kAtOnce, stop));
    TRY(crew.finish(stop));
    const auto sent = crew.made();
    say("{} files are in the bucket, {} bytes of them sent now", objects.size(),
        std::accumulate(sent.begin(), sent.end(), std::int64_t{0}));
    return {};
}

/// Waits until no process works on the folder, and keeps it so.
Result<Fd> wait_for_folder(const std::string& data, Use use, const std::stop_token& stop) {
    bool has_said = false;
    while (true) {
        auto hold = hold_folder(data, use);
        if (hold || stop.stop_requested()) return hold;
        if (!std::exchange(has_said, true))
            say("{}: stop it, then the move goes on", hold.error().message);
        pause(stop, std::chrono::milliseconds(200));
    }
}

/// The old servers must not be started again once the rows are elsewhere. Errors: `unavailable`.
Result<> mark_as_moved(const Settings& settings) {
    const auto mark = moved_mark(settings.data);
    std::ofstream file(mark);
    file << without_password(settings.database) << std::endl;
    if (file) return {};
    return Error{ErrorKind::kUnavailable, fmt::format("{} cannot be written", mark), "from"};
}

/// Marks the folder as moved for as long as nothing goes wrong.
Result<std::int64_t> move_rows(const Settings& settings, store::Database& to) {
    const auto from = TRY(store::SqliteDatabase::open(settings.data + "/ittybit.db"));
    TRY(from->check());
    TRY(store::migrate(*from));
    TRY(mark_as_moved(settings));
    auto rows = store::copy_rows(*from, to);
    if (rows) return rows;
    std::error_code ignored;
    fs::remove(moved_mark(settings.data), ignored);
    return rows;
}

/// The settings of the installation that will be.
Result<Settings> settings_of(const MigrateWords& words) {
    Settings settings;
    settings.data = words.from;
    settings.database = words.to;
    settings.storage = words.storage;
    settings = completed(std::move(settings));
    TRY(check(settings));
    if (fs::exists(settings.data + "/ittybit.db")) return settings;
    return Error{
        ErrorKind::kInvalidRequest,
        fmt::format("there is no server's database in {}: see --from", settings.data), "from"
    };
}

Result<> run(const MigrateWords& words, const std::stop_token& stop) {
    const auto settings = TRY(settings_of(words));
    const auto database = TRY(open_database(settings));
    const bool has_bucket = !settings.storage.empty();
    const auto bucket = has_bucket ? TRY(open_place(settings)) : Place{};
    const auto folder = TRY(storage::open_folder(settings.data + "/storage"));
    if (has_bucket) TRY(copy_files(*folder, *bucket.storage, stop));  // most, while they still work
    const auto server = TRY(wait_for_folder(settings.data, Use::kServe, stop));
    const auto workers = TRY(wait_for_folder(settings.data, Use::kMove, stop));
    if (has_bucket) TRY(copy_files(*folder, *bucket.storage, stop));
    const auto rows = TRY(move_rows(settings, *database));
    // It can be worked with, and from now on not without its key, nor with files that are
    // elsewhere.
    TRY(build_engine(settings, "migrate"));
    say("{} rows are in {}", rows, without_password(settings.database));
    if (has_bucket) {
        say("start all servers and workers with --database and --storage as they stand here, and:\n"
            "ITTYBIT_SECRET_KEY=$(paste -sd, {0}/secret-key)\n"
            "ITTYBIT_WEBHOOK_SECRET=$(cat {0}/webhook-secret)",
            settings.data);
    } else {
        say("start all servers and workers with --database as it stands here and --data {}",
            settings.data);
    }
    return {};
}

}  // namespace

cli::Action declare_migrate(CLI::App& app) {
    const auto words = std::make_shared<MigrateWords>();
    app.add_option("--from", words->from, "The data folder of the installation.")
        ->type_name("FOLDER")
        ->envname("ITTYBIT_DATA");
    app.add_option("--to", words->to, "An empty database: postgres://USER@HOST/NAME.")
        ->type_name("URL")
        ->required();
    app.add_option(
           "--storage", words->storage,
           "s3://BUCKET/PREFIX, where files shall be; without it they stay in the data folder."
    )
        ->type_name("URL");
    return [words](cli::Context& context) {
        const auto done = run(*words, context.interrupt.token());
        return done ? 0 : complain(done.error());
    };
}

}  // namespace ittybit::app
