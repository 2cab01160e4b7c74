#include "api/orders.h"

#include "api/handlers.h"
#include "model/read_order.h"
#include "net/address_policy.h"
#include "work/managed.h"
#include "work/stream_key.h"

namespace ittybit::api {
namespace {

OrderRules rules_of(Service& service) {
    OrderRules rules;
    rules.check_url = [&policy = service.settings.policy](const std::string& url) -> Result<> {
        const auto parsed = TRY(net::Url::parse(url));
        // Our own files are read from storage, whatever host their URL names.
        return work::find_managed(url) ? Result<>() : net::check_literal(parsed, policy);
    };
    rules.find_connection = [&connections =
                                 service.connections](const std::optional<std::string>& name
                            ) -> Result<std::optional<std::string>> {
        const auto found = TRY(name ? connections.find(*name) : connections.find_default());
        return found ? std::optional(found->id) : std::nullopt;
    };
    return rules;
}

Result<JobRequest> read(json::value document, Service& service, bool is_task) {
    TRY(name_uploaded_files(service, document));
    auto rules = rules_of(service);
    rules.is_task = is_task;
    rules.takes_outputs = !is_task;
    auto [order, problems] = TRY(read_order(document, rules));
    JobRequest request;
    for (auto& problem : problems) {
        request.errors.push_back(
            {problem.kind, std::move(problem.field), std::move(problem.message)}
        );
    }
    if (!request.errors.empty()) return request;
    request.record = store::JobRecord::make(std::move(order), is_task, service.clock.now());
    auto& record = request.record;
    TRY(work::seal_keys(record.order, record.job.id, service.secrets));
    return request;
}

}  // namespace

Result<JobRequest> read_job(const json::value& document, Service& service) {
    return read(document, service, false);
}

Result<JobRequest> read_task(const json::value& document, Service& service) {
    return read(document, service, true);
}

}  // namespace ittybit::api
