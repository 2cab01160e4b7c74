#include "work/try_connection.h"

#include <fmt/format.h>

#include "base/text.h"
#include "storage/s3.h"

namespace ittybit::work {
namespace {

json::object answer(bool is_ok, const std::string& bucket, std::string message) {
    json::object out{{"object", "connection_test"}, {"ok", is_ok}, {"bucket", nullptr}};
    if (!bucket.empty()) out["bucket"] = bucket;
    out["message"] = std::move(message);
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
        if (!buckets) return answer(false, "", buckets.error().message);
        if (buckets->size() != 1) {
            return answer(
                false, "",
                buckets->empty()
                    ? "the keys are good, but there is no bucket yet: create one"
                    : fmt::format("the keys are good; name the bucket to try: {}", join(*buckets))
            );
        }
        chosen = buckets->front();
    }
    const auto tried = storage::test_s3(client, account, chosen, stop);
    if (!tried) return answer(false, chosen, tried.error().message);
    return answer(
        true, chosen, fmt::format("the bucket {} can be written, read and deleted from", chosen)
    );
}

}  // namespace ittybit::work
