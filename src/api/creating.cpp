// What POST /jobs, POST /tasks and a retry share.

#include "api/creating.h"

#include <fmt/format.h>

#include "api/events.h"
#include "api/handlers.h"
#include "api/idempotency.h"
#include "base/fields_json.h"
#include "base/log.h"

namespace ittybit::api {
namespace {

/// Whether one more may wait. Errors: `too_many_requests`.
Result<> check_room(Service& service) {
    service.waiting.is_stale = true;
    if (service.waiting.count++ < service.settings.most_queued) return {};
    return Error{
        ErrorKind::kTooManyRequests, "too many jobs are waiting already: try again later", ""
    };
}

store::Answer answer_of(const std::string& base, const store::JobRecord& record) {
    if (record.is_task) {
        const auto& task = record.job.tasks.front();
        return {fmt::format("{}/tasks/{}", base, task.id), json_text(task)};
    }
    return {fmt::format("{}/jobs/{}", base, record.job.id), json_text(record.job)};
}

/// Tells log and metrics of a new job: the one line that knows both it and its request.
std::function<void()> note_of(
    Service& service, const Request& request, const store::JobRecord& record
) {
    const Job& job = record.job;
    json::object facts{{"job", job.id}, {"kind", job.kind}, {"request", request.id}};
    if (!request.trace.empty()) facts["trace"] = request.trace;
    if (record.is_task) {
        facts["task"] = job.tasks.front().id;
        facts["status"] = "waiting";
        return [facts = std::move(facts)] { log::info("task queued", facts); };
    }
    facts["status"] = "queued";
    return [&service, facts = std::move(facts), kind = job.kind] {
        log::info("job queued", facts);
        service.metrics.add("ittybit_jobs_created_total", fmt::format("kind=\"{}\"", kind));
    };
}

Response created_response(store::Answer answer, std::function<void()> note) {
    Response response;
    response.status = 201;
    response.body = std::move(answer.body);
    response.with("Content-Type", "application/json").with("Location", std::move(answer.location));
    response.note = std::move(note);
    return response;
}

/// The answer, where there is one already; else `reply` will be told.
Result<std::optional<Response>> create(
    Service& service, const Request& request, ReadRequest read, const Reply& reply
) {
    auto key = TRY(idempotency_key(request));
    if (key) {
        if (const auto earlier = TRY(service.jobs.find_answer(*key))) {
            return std::optional(replay(service, *earlier));
        }
    }
    auto wanted = TRY(read(service, request));
    if (!wanted.errors.empty()) return std::optional(error_response(std::move(wanted.errors)));
    TRY(check_room(service));
    auto& record = wanted.record;
    // Where the output will be reached: whoever works on the job knows no request.
    record.base_url = base_url(service, request);
    if (request.pass) record.key_id = request.pass->key_id;
    service.jobs.create_later(
        record, std::move(key), answer_of(base_path(service), record),
        [&service, note = note_of(service, request, record),
         reply](Result<store::JobStore::Created> created) mutable {
            if (!created) return reply(std::move(created).error());
            if (created->is_replayed) return reply(replay(service, created->answer));
            reply(created_response(std::move(created->answer), std::move(note)));
        }
    );
    return std::optional<Response>();
}

}  // namespace

PromptHandler creating(ReadRequest read) {
    return [read](Service& service, Request& request, const Reply& reply) {
        auto answer = create(service, request, read, reply);
        if (!answer) return reply(std::move(answer).error());
        if (*answer) reply(**std::move(answer));
    };
}

std::vector<ErrorKind> errors_of_orders() {
    return {
        ErrorKind::kInputRequired,        ErrorKind::kInvalidInput,
        ErrorKind::kKindRequired,         ErrorKind::kInvalidKind,
        ErrorKind::kInvalidFormat,        ErrorKind::kInvalidCodec,
        ErrorKind::kInvalidOptions,       ErrorKind::kInvalidOutput,
        ErrorKind::kConnectionRequired,   ErrorKind::kInvalidWebhookUrl,
        ErrorKind::kIdempotencyKeyReused,
    };
}

bool looks_something_up(const Request& request) {
    return request.find_header("Idempotency-Key") != nullptr ||
           request.body.find("s3:") != std::string::npos ||
           request.body.find("resumable") != std::string::npos ||
           request.body.find("connection") != std::string::npos;
}

void count_waiting(Service& service) {
    auto& waiting = service.waiting;
    const bool is_full = waiting.count >= service.settings.most_queued;
    if (!waiting.is_stale.exchange(false) && !is_full) return;
    if (const auto counts = service.jobs.counts()) waiting.count = counts->queued;
}

}  // namespace ittybit::api
