#include "work/local_job.h"

#include <memory>
#include <utility>

#include "model/output_name.h"
#include "net/client.h"
#include "store/records.h"
#include "work/encrypted_destination.h"
#include "work/exporter.h"
#include "work/folder_destination.h"
#include "work/import.h"
#include "work/local_input.h"
#include "work/places.h"
#include "work/put_destination.h"
#include "work/run.h"
#include "work/stream_key.h"

namespace ittybit::work {
namespace {

/// How HLS playlists name the folder of their parts; what is a folder itself has none.
std::string parts_folder_of(const Target& target, std::string_view id) {
    if (target.is_folder) return "";
    const std::string stem = target.has_own_folder ? "master" : target.stem;
    return stem + "-" + std::string(id.substr(id.size() - 8));
}

/// Reaches what the user typed.
net::Client& web_client() {
    static net::Client client({.policy = net::AddressPolicy::typed_by_user()});
    return client;
}

/// The file of a target, or the address or object of a bucket that the order names.
Result<std::unique_ptr<Destination>> plain_destination(
    const LocalRequest& request,
    std::size_t output,
    const Ledger& ledger,
    TakenPlaces& taken,
    std::string extension
) {
    const auto& job = ledger.job();
    if (auto target = request.targets[output]) {
        const auto parts_folder = parts_folder_of(*target, job.id);
        if (target->extension.empty() && !target->may_replace) target->extension = extension;
        return std::unique_ptr<Destination>(
            std::make_unique<FolderDestination>(*std::move(target), parts_folder, ledger.stop())
        );
    }
    const auto& ordered = request.order.outputs[output];
    const auto url = ordered.place.url.value_or("");
    if (is_web(url)) return put_destination(web_client(), url, ledger.stop());
    const auto connection = request.order.connection_of(ordered).value_or("");
    auto& s3 = *request.s3.at(connection);
    const OutputWords words{
        job.created_at, job.input, std::string(ordered.kind()), std::move(extension), job.id
    };
    auto place = s3_place(s3.client, s3.account, url, words, makes_folder(ordered.operation()));
    TRY(taken.take(connection, place.url, ordered));
    return std::unique_ptr<Destination>(std::make_unique<Exporter>(std::move(place), ledger.stop())
    );
}

/// Where an output goes.
Result<std::unique_ptr<Destination>> destination_of(
    const LocalRequest& request,
    std::size_t output,
    const Ledger& ledger,
    TakenPlaces& taken,
    std::string extension
) {
    const auto operation = request.order.outputs[output].operation();
    const auto* encryption = encryption_of(operation);
    auto to = TRY(plain_destination(request, output, ledger, taken, std::move(extension)));
    if (encryption == nullptr) return to;
    const auto open = [](const std::string& url) -> Result<std::unique_ptr<storage::Origin>> {
        return storage::http_origin(web_client(), TRY(net::Url::parse(url)));
    };
    const auto key = TRY(find_key(*encryption, open, ledger.stop()));
    const auto& target = request.targets[output];
    const auto folder = target ? target->folder : std::filesystem::path(request.scratch);
    return encrypted(std::move(to), key, folder, ledger.stop());
}

Result<std::shared_ptr<storage::Source>> open_main_input(
    const LocalRequest& request, const std::stop_token& stop
) {
    return open_local_input(request, request.order.input.url(), request.limits.input_bytes, stop);
}

OpenFurther further_opener(const LocalRequest& request) {
    return [&request](const std::string& url, const std::stop_token& stop) {
        return open_local_input(request, url, request.limits.subtitle_bytes, stop);
    };
}

/// `request` as the walk takes it. Borrows from all.
RunRequest run_request(
    const LocalRequest& request, sandbox::Zygote& zygote, const Ledger& ledger, TakenPlaces& taken
) {
    RunRequest run;
    run.kind = request.order.kind;
    run.url = ledger.job().input;
    run.limits = request.limits;
    run.open_input = [&](const std::stop_token& stop) { return open_main_input(request, stop); };
    run.open_further = further_opener(request);
    for (std::size_t i = 0; i < request.order.outputs.size(); ++i) {
        const auto open = [&request, &ledger, &taken, i](const std::string& extension) {
            return destination_of(request, i, ledger, taken, extension);
        };
        run.outputs.push_back(
            {request.order.outputs[i].operation(), open, label_of(request.order, i)}
        );
    }
    run.perform = [&](const auto& operation, const auto& events, const auto& stop) {
        return run_operation(zygote, operation, events, stop);
    };
    return run;
}

}  // namespace

Job run_here(
    const LocalRequest& request,
    sandbox::Zygote& zygote,
    const Clock& clock,
    const LocalEvents& events,
    const std::stop_token& stop
) {
    auto record = store::JobRecord::make(request.order, request.is_task, clock.now());
    MemoryLedger ledger(std::move(record.job), clock, events, stop);
    TakenPlaces taken;
    return ledger.end(run(run_request(request, zygote, ledger, taken), ledger));
}

Result<json::value> explain_here(
    const LocalRequest& request, sandbox::Zygote& zygote, const std::stop_token& stop
) {
    const auto input = TRY(open_main_input(request, stop));
    FurtherSources further(further_opener(request));
    json::array plans;
    for (const auto& output : request.order.outputs) {
        OperationRequest operation;
        operation.operation = output.operation();
        operation.inputs = {input_from(*input)};
        TRY(further.fetch(operation.operation, stop));
        further.append(operation);
        operation.explain = true;
        operation.limits = request.limits;
        auto outcome = TRY(run_operation(zygote, operation, {}, stop));
        plans.push_back(std::move(outcome.finished.plan));
    }
    if (request.order.kind == kMultiKind) return json::value(std::move(plans));
    return std::move(plans.front());
}

}  // namespace ittybit::work
