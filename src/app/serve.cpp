#include "app/serve.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/file.h>
#include <sys/resource.h>

#include "api/auth.h"
#include "api/creating.h"
#include "api/handlers.h"
#include "api/server.h"
#include "app/engine.h"
#include "app/keys.h"
#include "base/fields_json.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/text.h"
#include "work/janitor.h"
#include "work/notifier.h"
#include "work/upload_sweeper.h"
#include "work/worker.h"

namespace ittybit::app {
namespace {

struct Address {
    std::string host;
    int port = 0;
};

Result<Address> read_listen(const std::string& text) {
    const auto colon = text.rfind(':');
    Address address;
    if (colon != std::string::npos) {
        address.host = text.substr(0, colon);
        const auto* end = text.data() + text.size();
        const auto [stop, code] = std::from_chars(text.data() + colon + 1, end, address.port);
        const bool is_port = code == std::errc() && stop == end && address.port <= 65535;
        if (address.host.starts_with('[') && address.host.ends_with(']')) {
            address.host = address.host.substr(1, address.host.size() - 2);
        }
        if (is_port && !address.host.empty()) return address;
    }
    return Error{
        ErrorKind::kInvalidRequest, fmt::format("--listen {} is no ADDRESS:PORT", text), "listen"
    };
}

log::Level read_level(const std::string& word) {
    if (word == "debug") return log::Level::kDebug;
    if (word == "warn") return log::Level::kWarn;
    return word == "error" ? log::Level::kError : log::Level::kInfo;
}

/// One server a data folder: two would take each other's jobs for their own.
Result<Fd> lock_folder(const std::string& data) {
    TRY(make_folder(data));
    Fd lock(::open((data + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
    return Error{
        ErrorKind::kUnavailable, fmt::format("another ittybit serve is running on {}", data), "data"
    };
}

std::string make_webhook_secret() {
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
    std::string text(48, '\0');
    auto* at = reinterpret_cast<unsigned char*>(text.data());
    const int size = EVP_EncodeBlock(at, bytes.data(), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return "whsec_" + text;
}

Result<std::string> webhook_secret(const std::string& data) {
    if (const char* given = std::getenv("ITTYBIT_WEBHOOK_SECRET");
        given != nullptr && *given != 0) {
        return std::string(given);
    }
    return keep_secret(data + "/webhook-secret", make_webhook_secret);
}

/// A new name for serve's worker. What its previous run on this folder was doing, which the lock
/// says is over, goes back to the queue.
Result<std::string> take_over(Engine& engine) {
    const auto path = engine.data + "/worker";
    std::string previous = "serve";  // as it was always called once
    std::ifstream(path) >> previous;
    const int lost = TRY(engine.queue->take_back_all(previous, engine.clock.now()));
    if (lost > 0) log::warn("jobs of the previous run were taken back", {{"count", lost}});
    auto name = fmt::format("serve-{}", random_hex(64));
    // Without the file the next run only waits for the leases to end.
    std::ofstream(path) << name << "\n";
    return name;
}

/// What the operator says, for this server and all workers of the installation.
Result<> settle_addresses(
    Engine& engine, const Settings& settings, int port, api::ServiceSettings& service
) {
    const auto address = settings.listen.substr(0, settings.listen.rfind(':'));
    const bool is_any = address == "0.0.0.0" || address == "[::]";
    service.listen_url = fmt::format("http://{}:{}", is_any ? "127.0.0.1" : address, port);
    TRY(engine.settings->set("public_url", settings.public_url));
    return engine.settings->set("listen_url", service.listen_url);
}

/// The walls around children on this machine, for the log and /health; a missing one is a warning.
Result<json::object> check_sandbox(Engine& engine, bool is_required) {
    const auto layers = TRY(engine.zygote->layers());
    const auto missing = layers.missing();
    if (!missing.empty()) {
        const auto names = join(missing);
        if (is_required) {
            return Error{
                ErrorKind::kUnavailable,
                fmt::format("this machine lacks sandbox layers: {}", names), ""
            };
        }
        log::warn("some sandbox layers are not in force", {{"missing", names}});
    }
    auto facts = to_json(layers);
    log::info("media is handled behind walls", {{"layers", facts}});
    return std::move(facts.get_object());
}

api::ServiceSettings service_settings(
    const Settings& settings, const std::string& scratch, const json::object& layers
) {
    const auto build = sandbox::build_id();
    return {
        .public_url = settings.public_url,
        .most_queued = settings.most_queued,
        .rate_limit = settings.rate_limit,
        .version = build.substr(0, build.find('+')),
        .build = build,
        .scratch = scratch,
        .sandbox = layers,
        .redirects_files = settings.redirects_files,
        .policy = policy_of(settings),
        .largest_input = settings.limits.input_bytes,
        .storage_folder = settings.storage.empty() ? settings.data + "/storage" : "",
        .keep_free = settings.keep_free,
    };
}

/// What changes something, and what was refused, is worth a line by default; reading is not.
void log_access(const api::Exchange& exchange) {
    const bool is_read =
        exchange.method == "GET" || exchange.method == "HEAD" || exchange.method == "OPTIONS";
    const auto level = is_read && exchange.status < 400 ? log::Level::kDebug : log::Level::kInfo;
    if (!log::is_written(level)) return;
    log::write(
        level, "request",
        {{"request", exchange.id},
         {"address", exchange.peer},
         {"method", exchange.method},
         {"route", exchange.route},
         {"status", exchange.status},
         {"duration_ms", exchange.duration.count()}}
    );
}

/// What the HTTP server asks, answered by the service.
api::Application application(api::Service& service, api::Gate& gate) {
    return {
        .admit = [&gate](
                     api::Request& request, const api::Route& route
                 ) { return gate.admit(request, route); },
        .admits_at_once = [&gate](
                              const api::Request& request, const api::Route& route
                          ) { return gate.admits_at_once(request, route); },
        .renew =
            [&service, &gate] {
                gate.renew();
                api::count_waiting(service);
            },
        .handle =
            [&service](const api::Route& route, api::Request& request, const api::Reply& reply) {
                if (route.prompt) return route.prompt(service, request, reply);
                reply(route.handler(service, request));
            },
        .answered =
            [&service](const api::Exchange& exchange) {
                service.metrics.add(
                    "ittybit_http_requests_total", fmt::format("status=\"{}\"", exchange.status)
                );
                log_access(exchange);
            },
    };
}

/// Connections, files and children need more descriptors than the usual 1024.
void allow_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) log::warn("the limit of descriptors stays low");
}

Result<> serve(Settings settings, const std::stop_token& stop) {
    allow_descriptors();
    const auto listen = TRY(read_listen(settings.listen));
    while (settings.public_url.ends_with('/')) settings.public_url.pop_back();
    work::Janitor::Keep keep;
    if (!settings.keep_outputs.empty()) keep.outputs = TRY(read_duration(settings.keep_outputs));

    if (settings.data.empty()) settings.data = data_folder();
    const auto lock = TRY(lock_folder(settings.data));
    auto engine = TRY(build_engine(settings, ""));
    TRY(engine->database->check());
    TRY(make_first_key(*engine));
    const auto secret = TRY(webhook_secret(engine->data));
    engine->shop->worker = TRY(take_over(*engine));
    const auto layers = TRY(check_sandbox(*engine, settings.requires_sandbox));

    api::Health health(
        *engine->settings, engine->troubles.claiming, engine->clock,
        {engine->shop->scratch, settings.keep_free}
    );
    api::Service service{
        *engine->jobs,    *engine->outbox,
        *engine->files,   *engine->connections,
        *engine->keys,    *engine->storage,
        *engine->secrets, *engine->client,
        engine->clock,    service_settings(settings, engine->shop->scratch, layers),
        engine->metrics,  health,
    };
    const api::Router router(api::all_routes());
    api::Gate gate(service);
    const auto server = TRY(api::Server::open(
        router, application(service, gate), {.address = listen.host, .port = listen.port}
    ));
    TRY(settle_addresses(*engine, settings, server->port(), service.settings));
    work::Worker worker(*engine->shop, settings.concurrency);
    work::Janitor janitor(
        *engine->jobs, *engine->queue, *engine->outbox, *engine->files, engine->storage,
        engine->metrics, engine->clock, keep, engine->shop->scratch
    );
    work::Notifier notifier(
        *engine->database, *engine->outbox, *engine->client, engine->metrics, engine->clock, secret
    );

    work::UploadSweeper sweeper(*engine->shop);

    log::info(
        "listening", {{"address", listen.host},
                      {"port", server->port()},
                      {"public_url", settings.public_url.empty() ? service.settings.listen_url
                                                                 : settings.public_url}}
    );
    const std::jthread janitor_thread([&](const std::stop_token& end) { janitor.run(end); });
    const std::jthread sweeper_thread([&](const std::stop_token& end) { sweeper.run(end); });
    const std::jthread notifier_thread([&](const std::stop_token& end) { notifier.run(end); });
    const std::jthread worker_thread([&] { worker.run(stop); });
    const std::stop_callback end(stop, [&] { server->stop(); });
    server->run();
    log::info("stopping");
    return {};
}

Result<> run_worker(Settings settings, const std::stop_token& stop) {
    auto engine = TRY(build_engine(settings, "worker-" + random_hex(64)));
    static_cast<void>(TRY(check_sandbox(*engine, settings.requires_sandbox)));
    if (const auto url = TRY(engine->settings->get("public_url"));
        !settings.public_url.empty() && url != settings.public_url) {
        log::warn("the server says what the public URL is", {{"public_url", url}});
    }
    work::Worker worker(*engine->shop, settings.concurrency);
    log::info("working", {{"slots", settings.concurrency}});
    worker.run(stop);
    return {};
}

/// `--limit-pixels N` and the like: one flag for each row of Limits.
void add_limit_flags(CLI::App& app, Limits& limits) {
    for_each_field<Limits>([&](const auto& field) {
        auto flag = fmt::format("--limit-{}", field.name);
        std::ranges::replace(flag, '_', '-');
        app.add_option(flag, limits.*field.member, std::string(field.help))
            ->check(CLI::Range(field.min, field.max))
            ->capture_default_str();
    });
}

void add_common_flags(CLI::App& app, Settings& settings) {
    app.add_option("--data", settings.data, "Folder for database, files and keys");
    app.add_option("--concurrency", settings.concurrency, "Jobs at once")
        ->check(CLI::Range(1, 256));
    app.add_option("--storage", settings.storage, "s3://BUCKET/PREFIX for managed files");
    app.add_option(
        "--public-url", settings.public_url,
        "How clients reach the server, which tells its workers; without it: as Host says"
    );
    app.add_option("--log-level", settings.log_level, "What is logged")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
    app.add_option(
        "--allow-host", settings.allowed_hosts, "HOST[:PORT] that may be reached anyway"
    );
    app.add_option(
           "--keep-free", settings.keep_free, "Bytes of disk that stay free; a tenth at most"
    )
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_flag("--require-sandbox", settings.requires_sandbox, "Refuse to run without all walls");
    app.add_flag(
        "--allow-private-network", settings.allows_private_network,
        "Inputs and webhooks may reach private and loopback addresses"
    );
    app.add_option(
           "--slow-input", settings.slow_input.bytes_per_second,
           "Bytes a second; an input that brings less lends its slot to others while it is waited "
           "for"
    )
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option(
           "--slow-input-after", settings.slow_input.seconds,
           "Seconds of waiting before an input is called slow"
    )
        ->check(CLI::Range(0.1, 86400.0))
        ->capture_default_str();
    add_limit_flags(app, settings.limits);
}

using Run = Result<> (*)(Settings, const std::stop_token&);

cli::Action start(const std::shared_ptr<Settings>& settings, Run run) {
    return [settings, run](cli::Context& context) {
        log::configure(
            context.globals.is_debugging ? log::Level::kDebug : read_level(settings->log_level)
        );
        if (settings->concurrency == 0) settings->concurrency = default_concurrency();
        const auto done = run(*settings, context.interrupt.token());
        return done ? 0 : complain(done.error());
    };
}

cli::Action declare_serve(CLI::App& app) {
    auto settings = std::make_shared<Settings>();
    add_common_flags(app, *settings);
    app.add_option("--listen", settings->listen, "ADDRESS:PORT")->capture_default_str();
    app.add_option("--keep-outputs", settings->keep_outputs, "Delete outputs after, say, 30d");
    app.add_flag(
        "--redirect-files", settings->redirects_files,
        "With --storage s3://: clients fetch files from the bucket, by signed URLs"
    );
    app.add_flag(
        "--rotate-secret-key", settings->rotates_secret_key,
        "Seal stored secrets with a new key and forget the old one"
    );
    app.add_option("--rate-limit", settings->rate_limit, "Requests a minute and key; 0: any");
    app.add_option("--max-queued", settings->most_queued, "Jobs that may wait")
        ->capture_default_str();
    return start(settings, serve);
}

cli::Action declare_worker(CLI::App& app) {
    auto settings = std::make_shared<Settings>();
    add_common_flags(app, *settings);
    return start(settings, run_worker);
}

}  // namespace

std::vector<cli::Command> service_commands() {
    return {
        {"serve", "Run the server, with workers inside", declare_serve},
        {"worker", "Run more workers on the same data", declare_worker},
        {"keys",
         "Create, list or revoke API keys",
         declare_keys,
         cli::Takes::kFormOnly,
         {{"create NAME", "A new key, shown only now."},
          {"list", "All, without the keys themselves."},
          {"revoke KEY", "End one, by id, name or the start of one."}}},
    };
}

}  // namespace ittybit::app
