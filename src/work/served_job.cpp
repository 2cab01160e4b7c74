#include "work/served_job.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "model/output_name.h"
#include "work/attempts.h"
#include "work/encrypted_destination.h"
#include "work/exporter.h"
#include "work/put_destination.h"
#include "work/served_input.h"
#include "work/split_encode.h"
#include "work/stream_key.h"

namespace ittybit::work {
namespace {

using Steady = std::chrono::steady_clock;

}  // namespace

ServedJob::ServedJob(
    Workshop& shop, store::Claimed claimed, Slots::Hold& slot, const std::stop_token& hand_back
)
    : shop_(shop),
      hand_back_(hand_back),
      slot_(slot),
      slow_input_(slot, shop.slow_input),
      job_(shop, std::move(claimed), hand_back, [this] { slow_input_.look(); }),
      destinations_(shop, job_.claim(), job_.record(), hand_back) {}

void ServedJob::run() {
    job_.log().job_started(job_.job());
    settle(work());
}

Ending ServedJob::work() {
    const auto& job = job_.job();
    RunRequest request;
    request.kind = job.kind;
    request.url = job.input;
    request.limits = shop_.limits;
    request.slow_input = &slow_input_;
    request.open_input = [this](const std::stop_token& stop) {
        return open_file(job_.job().input, shop_.limits.input_bytes, stop);
    };
    request.open_further = [this](const std::string& url, const std::stop_token& stop) {
        return open_file(url, shop_.limits.subtitle_bytes, stop);
    };
    request.perform = [this](const auto& operation, const auto& events, const auto& stop) {
        return perform(operation, events, stop);
    };
    const auto& order = job_.record().order;
    for (std::size_t i = 0; i < order.outputs.size(); ++i) {
        const auto open = [this, i](const std::string& extension) {
            return open_output(i, extension);
        };
        request.outputs.push_back({order.outputs[i].operation(), open, label_of(order, i)});
    }
    return work::run(request, job_);
}

Result<std::shared_ptr<storage::Source>> ServedJob::open_file(
    const std::string& url, std::int64_t largest, const std::stop_token& stop
) {
    return open_served_input(
        shop_, url, job_.record().order.connection, {.largest = largest}, stop
    );
}

Result<std::unique_ptr<Destination>> ServedJob::open_output(
    std::size_t number, const std::string& extension
) {
    const auto& output = job_.record().order.outputs[number];
    const auto& url = output.place.url;
    if (url && is_web(*url)) return put_destination(shop_.client, *url, job_.stop());
    const auto key = TRY(key_of(number));
    const bool is_import = std::holds_alternative<ImportOptions>(output.work);
    auto place =
        TRY(is_import ? destinations_.of_import() : destinations_.of_output(output, extension));
    std::unique_ptr<Destination> to = std::make_unique<Exporter>(std::move(place), job_.stop());
    if (key) to = TRY(encrypted(std::move(to), *key, shop_.scratch, job_.stop()));
    return to;
}

/// What the output is encrypted with, if it is.
Result<std::optional<storage::Block>> ServedJob::key_of(std::size_t output) {
    auto order = job_.record().order;
    TRY(unseal_keys(order, job_.claim().job_id, shop_.secrets));
    const auto operation = order.outputs[output].operation();
    const auto* encryption = encryption_of(operation);
    if (encryption == nullptr) return std::optional<storage::Block>();
    const auto open = [this](const std::string& url) {
        return served_origin(shop_, url, std::nullopt);
    };
    return std::optional(TRY(find_key(*encryption, open, job_.stop())));
}

/// Runs a child, or many, and tells the operators of it.
Result<Outcome> ServedJob::perform(
    const OperationRequest& request, const OperationEvents& events, const std::stop_token& stop
) {
    const auto started = Steady::now();
    auto outcome = perform_shared({shop_, job_, slot_}, request, events, stop);
    job_.log().child_ended(outcome);
    const auto kind = kind_of(request.operation);
    if (outcome && kind != "probe") {
        const std::chrono::duration<double> took = Steady::now() - started;
        job_.log().encoded(kind, outcome->finished.file, took.count());
        for (std::size_t i = 0; i < outcome->beside.size(); ++i) {
            const auto& made = outcome->beside[i].finished.file;
            job_.log().encoded(kind_of(request.beside[i].operation), made, took.count());
        }
    }
    return outcome;
}

void ServedJob::settle(const Ending& ending) {
    auto record = job_.let_go();
    const auto& claim = job_.claim();
    const auto now = shop_.clock.now();
    if (!ending.last || job_.is_lost()) destinations_.discard();
    if (job_.is_lost()) return job_.log().job_left();
    const auto& failures = ending.failures;
    const bool is_handed_back =
        hand_back_.stop_requested() && std::ranges::any_of(failures, [](const Blamed& failure) {
            return failure.error.kind == ErrorKind::kCancelled;
        });
    const auto another = std::ranges::find_if(failures, [&](const Blamed& failure) {
        return is_handed_back || is_worth_another(failure.error, record.tries());
    });
    if (another == failures.end()) {
        conclude(record.job, ending, now);
        return finish(written_ending(std::move(record), ending.last), ending.input_bytes);
    }
    job_.log().job_handed_back(another->error);
    const auto when = is_handed_back ? now : now + back_off(record.tries());
    const auto given = shop_.queue.give_back(claim, when, !is_handed_back, now);
    if (!given) log::warn("a job is kept until its lease ends", {{"job", claim.job_id}});
}

void ServedJob::finish(const store::Ending& ending, std::int64_t input_bytes) {
    const auto is_ours = write_patiently(shop_.troubles.ending, [&] {
        return shop_.queue.finish(job_.claim(), ending, shop_.clock.now());
    });
    if (is_ours && *is_ours) return job_.log().job_ended(ending.record.job, input_bytes);
    destinations_.discard();
    job_.log().job_left();
}

}  // namespace ittybit::work
