#include "app/serve.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <openssl/rand.h>
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
#include "sandbox/advice.h"
#include "storage/digests.h"
#include "store/api_key.h"
#include "work/explain.h"
#include "work/janitor.h"
#include "work/lost_work.h"
#include "work/notifier.h"
#include "work/upload_sweeper.h"
#include "work/worker.h"

namespace ittybit::app {
namespace {

std::string make_webhook_secret() {
    constexpr int kBytes = 32;
    std::string bytes(kBytes, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), kBytes) != 1) std::abort();
    return "whsec_" + storage::to_base64(bytes);
}

Result<std::string> webhook_secret(const std::string& data) {
    if (const char* given = std::getenv("ITTYBIT_WEBHOOK_SECRET");
        given != nullptr && *given != 0) {
        return std::string(given);
    }
    return keep_secret(data + "/webhook-secret", make_webhook_secret);
}

/// Webhooks are signed alike, whichever server of a database sends them. Errors: `unavailable`.
Result<> agree_on_webhook_secret(Engine& engine, const std::string& secret) {
    const auto own = store::hash_of_key(secret);
    if (TRY(engine.settings->settle("webhook_secret", own)) == own) return {};
    return Error{
        ErrorKind::kUnavailable,
        "other servers of this database sign webhooks with another secret: give this one their "
        "ITTYBIT_WEBHOOK_SECRET",
        "database"
    };
}

/// What names a worker among all.
std::string name_of_run(std::string_view what) {
    return fmt::format("{}-{}", what, random_hex(64));
}

/// What the previous run on this folder was doing, which the lock says is over, goes back to the
/// queue.
Result<> take_over(Engine& engine) {
    const auto path = engine.data + "/worker";
    std::string previous = "serve";  // as it was always called once
    std::ifstream(path) >> previous;
    const int lost = TRY(engine.queue->take_back_all(previous, engine.clock().now()));
    if (lost > 0) log::warn("jobs of the previous run were taken back", {{"count", lost}});
    // Without the file the next run only waits for the leases to end.
    std::ofstream(path) << engine.shop->worker << "\n";
    return {};
}

/// What the operator says, for this server and all workers of the installation.
Result<> settle_addresses(
    Engine& engine, const Settings& settings, int port, api::ServiceSettings& service
) {
    auto address = settings.listen;
    address.port = port;
    if (address.host == "0.0.0.0" || address.host == "::") address.host = "127.0.0.1";
    service.listen_url = fmt::format("http://{}", address.text());
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
                fmt::format(
                    "this machine lacks sandbox layers: {}; ittybit health --local says what to do",
                    names
                ),
                ""
            };
        }
        log::warn(
            "some sandbox layers are not in force",
            {{"missing", names}, {"advice", sandbox::advice_on(layers)}}
        );
    }
    auto facts = to_json(layers);
    log::info("media is handled behind walls", {{"layers", facts}});
    return std::move(facts.get_object());
}

api::ServiceSettings service_settings(
    const Settings& settings,
    const std::string& scratch,
    const json::object& layers,
    const storage::SecretBox& secrets
) {
    const auto build = sandbox::build_id();
    const auto& lasts = settings.sign_files;
    return {
        .public_url = settings.public_url,
        .most_queued = settings.max_queued,
        .rate_limit = settings.rate_limit,
        .version = build.substr(0, build.find('+')),
        .build = build,
        .scratch = scratch,
        .sandbox = layers,
        .redirects_files = settings.redirect_files,
        .policy = policy_of(settings),
        .largest_input = settings.limits.input_bytes,
        .storage_folder = settings.storage.empty() ? settings.data + "/storage" : "",
        .keep_free = settings.keep_free,
        .links = lasts ? work::FileLinks(secrets.derived("files"), *lasts) : work::FileLinks(),
    };
}

/// What changes something, and what was refused, is worth a line by default; reading is not.
void log_access(const api::Exchange& exchange) {
    const bool is_read =
        exchange.method == "GET" || exchange.method == "HEAD" || exchange.method == "OPTIONS";
    const auto level = is_read && exchange.status < 400 ? log::Level::kDebug : log::Level::kInfo;
    if (!log::is_written(level)) return;
    json::object facts{
        {"request", exchange.id},    {"address", exchange.peer},
        {"method", exchange.method}, {"route", exchange.route},
        {"status", exchange.status}, {"duration_ms", exchange.duration.count()},
    };
    if (!exchange.trace.empty()) facts["trace"] = exchange.trace;
    log::write(level, "request", facts);
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

/// Handlers, and the server that asks them. Members are in the order of who needs whom.
class Front {
public:
    /// `explainer`: null where nobody explains. Errors: `unavailable`.
    static Result<std::unique_ptr<Front>> open(
        Engine& engine,
        const Settings& settings,
        const json::object& layers,
        std::vector<api::Route> routes,
        work::Explainer* explainer
    ) {
        std::unique_ptr<Front> front(
            new Front(engine, settings, layers, std::move(routes), explainer)
        );
        front->server_ = TRY(api::Server::open(
            front->router_, application(front->service_, front->gate_),
            {.address = settings.listen.host,
             .port = settings.listen.port,
             .trusted_proxies = TRY(api::TrustedProxies::read(settings.trusted_proxy))}
        ));
        return front;
    }

    api::Service& service() { return service_; }
    api::Server& server() { return *server_; }

private:
    Front(
        Engine& engine,
        const Settings& settings,
        const json::object& layers,
        std::vector<api::Route> routes,
        work::Explainer* explainer
    )
        : health_(
              *engine.settings,
              engine.troubles.claiming,
              engine.clock(),
              {engine.shop->scratch, settings.keep_free}
          ),
          service_{
              *engine.jobs,
              *engine.outbox,
              *engine.files,
              *engine.resumables,
              *engine.connections,
              *engine.keys,
              *engine.workers,
              *engine.storage,
              *engine.secrets,
              *engine.client,
              engine.clock(),
              service_settings(settings, engine.shop->scratch, layers, *engine.secrets),
              engine.metrics,
              health_,
              explainer,
          },
          router_(std::move(routes)),
          gate_(service_) {}

    api::Health health_;
    api::Service service_;
    const api::Router router_;
    api::Gate gate_;
    std::unique_ptr<api::Server> server_;
};

/// Reads the configuration again at each SIGHUP, for as long as it lives.
class Reloader {
public:
    using Apply = std::function<void(const Settings&)>;

    Reloader(const Start& start, Apply apply) : start_(start), apply_(std::move(apply)) {
        start_.interrupt.on_hang_up([this] { reload(); });
    }
    Reloader(const Reloader&) = delete;
    Reloader& operator=(const Reloader&) = delete;
    ~Reloader() { start_.interrupt.on_hang_up({}); }

private:
    void reload() {
        const auto fresh = start_.read_again();
        if (!fresh) {
            return log::error("the settings stay as they are", {{"error", fresh.error().message}});
        }
        log::configure(fresh->log_level, fresh->log_format);
        apply_(*fresh);
        json::array waiting;
        for (const auto& name : differences(start_.settings, *fresh)) {
            const bool is_heeded = std::ranges::find(kReloaded, name) != kReloaded.end();
            if (!is_heeded) waiting.push_back(json::string(name));
        }
        log::info("the settings were read again", {{"wait_for_the_next_start", waiting}});
    }

    const Start& start_;
    const Apply apply_;
};

}  // namespace

Result<> serve(const Start& start, bool rotates_secret_key) {
    const auto& settings = start.settings;
    const auto stop = start.interrupt.token();
    allow_descriptors();
    work::Janitor::Keep keep;
    if (settings.keep_outputs) keep.outputs = settings.keep_outputs->ms;
    const bool is_alone = settings.database.empty();
    const auto lock = is_alone ? TRY(hold_folder(settings.data, Use::kServe)) : Fd();
    auto engine = TRY(build_engine(settings, name_of_run("serve")));
    TRY(engine->database->check());
    if (rotates_secret_key) TRY(rotate_secret_key(*engine));
    TRY(forget_old_keys(*engine, settings.sign_files));
    TRY(make_first_key(*engine));
    const auto secret = TRY(webhook_secret(engine->data));
    TRY(is_alone ? take_over(*engine) : agree_on_webhook_secret(*engine, secret));
    const auto layers = TRY(check_sandbox(*engine, settings.require_sandbox));

    work::Explainer explainer(*engine->shop, stop);
    const auto front = TRY(Front::open(*engine, settings, layers, api::all_routes(), &explainer));
    auto& server = front->server();
    auto& service = front->service();
    TRY(settle_addresses(*engine, settings, server.port(), service.settings));
    work::Worker worker(*engine->shop, settings.concurrency, settings.light_slots);
    work::Janitor janitor(
        *engine->jobs, *engine->queue, *engine->segments, *engine->outbox, *engine->files,
        engine->storage, engine->metrics, engine->clock(), keep, engine->shop->scratch
    );
    work::Notifier notifier(
        *engine->database, *engine->outbox, *engine->client, engine->metrics, engine->clock(),
        service.settings.links, secret
    );

    work::UploadSweeper sweeper(*engine->shop);

    log::info(
        "listening", {{"address", settings.listen.host},
                      {"port", server.port()},
                      {"public_url", settings.public_url.empty() ? service.settings.listen_url
                                                                 : settings.public_url},
                      {"worker", engine->shop->worker}}
    );
    const std::jthread janitor_thread([&](const std::stop_token& end) { janitor.run(end); });
    const std::jthread sweeper_thread([&](const std::stop_token& end) { sweeper.run(end); });
    const std::jthread notifier_thread([&](const std::stop_token& end) { notifier.run(end); });
    const std::jthread worker_thread([&] { worker.run(stop); });
    const Reloader reloader(start, [&service](const Settings& fresh) {
        service.settings.rate_limit = fresh.rate_limit;
        service.settings.most_queued = fresh.max_queued;
    });
    const std::stop_callback end(stop, [&] { server.stop(); });
    server.run();
    log::info("stopping");
    return {};
}

Result<> run_worker(const Start& start, bool is_listening) {
    const auto& settings = start.settings;
    auto engine = TRY(build_engine(settings, name_of_run("worker")));
    const auto layers = TRY(check_sandbox(*engine, settings.require_sandbox));
    if (const auto url = TRY(engine->settings->get("public_url"));
        !settings.public_url.empty() && url != settings.public_url) {
        log::warn("the server says what the public URL is", {{"public_url", url}});
    }
    const auto stop = start.interrupt.token();
    std::unique_ptr<Front> front;
    if (is_listening)
        front = TRY(Front::open(*engine, settings, layers, api::status_routes(), nullptr));
    work::Worker worker(*engine->shop, settings.concurrency, settings.light_slots);
    // Servers may be gone, too.
    work::LostWork lost(
        *engine->queue, *engine->segments, engine->metrics, engine->clock(), engine->shop->scratch
    );
    json::object facts{{"slots", settings.concurrency}, {"worker", engine->shop->worker}};
    if (front) facts["port"] = front->server().port();
    log::info("working", facts);
    const Reloader reloader(start, [](const Settings&) {});
    const std::jthread looks([&](const std::stop_token& end) { lost.run(end); });
    std::jthread watched;
    if (front) watched = std::jthread([&] { front->server().run(); });
    const std::stop_callback end(stop, [&] {
        if (front) front->server().stop();
    });
    worker.run(stop);
    return {};
}

}  // namespace ittybit::app
