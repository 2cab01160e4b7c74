#include "work/try_connection.h"

#include <fmt/format.h>

#include "base/text.h"
#include "storage/s3.h"

namespace ittybit::work {
namespace {

json::object answer(const std::string& bucket, std::string_view message) {
    json::object out{{"object", "connection_test"}, {"ok", true}, {"kind", nullptr}};
    out["bucket"] = bucket.empty() ? json::value() : json::value(bucket);
    out["message"] = message;
    return out;
}

json::object refusal(const std::string& bucket, const Error& error) {
    auto out = answer(bucket, error.message);
    out["ok"] = false;
    out["kind"] = name_of(error.kind);
    return out;
}

}  // namespace

json::object try_connection(
    net::Client& client,
    const storage::S3Account& account,
    const std::string& bucket,
    const std::stop_token& stop
) {
    auto chosen = bucket;
    if (chosen.empty()) {
        const auto buckets = storage::list_buckets(client, account, stop);
        if (!buckets) return refusal("", buckets.error());
        if (buckets->size() != 1) {
            auto advice =
                buckets->empty()
                    ? "the keys are good, but there is no bucket yet: create one"
                    : fmt::format("the keys are good; name the bucket to try: {}", join(*buckets));
            return refusal("", {ErrorKind::kInvalidRequest, std::move(advice), "bucket"});
        }
        chosen = buckets->front();
    }
    const auto tried = storage::test_s3(client, account, chosen, stop);
    if (!tried) return refusal(chosen, tried.error());
    return answer(
        chosen, fmt::format("the bucket {} can be written, read and deleted from", chosen)
    );
}

}  // namespace ittybit::work
