#pragma once

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "api/handlers.h"
#include "api/service.h"
#include "store/migrations.h"
#include "store/queue.h"
#include "store/testing.h"

namespace ittybit::api {

struct TestClock : Clock {
    std::atomic<UnixMillis> time = store::kNow;
    UnixMillis now() const override { return time; }
};

/// A Service on a database and a storage of its own.
class TestService {
public:
    TestService() { EXPECT_TRUE(store::migrate(*fixture_.database)); }
    ~TestService() {
        fixture_.database.reset();
        std::filesystem::remove_all(fixture_.folder);
    }
    TestService(const TestService&) = delete;
    TestService& operator=(const TestService&) = delete;

    Service& operator*() { return service_; }
    Service* operator->() { return &service_; }

    /// A job that waits.
    Job add_job(const std::string& kind = "video", const std::string& input = "https://a.b/c") {
        const auto record =
            store::JobRecord::make(store::order_for(kind, input), false, clock.now());
        std::promise<bool> done;
        jobs_.create_later(record, std::nullopt, {}, [&](auto created) {
            done.set_value(static_cast<bool>(created));
        });
        EXPECT_TRUE(done.get_future().get());
        return record.job;
    }

    /// The next job is somebody's now.
    void claim() { EXPECT_TRUE(store::Queue(*fixture_.database).claim("worker", clock.now())); }

    TestClock clock;

private:
    store::Fixture fixture_ = store::open_sqlite();
    store::JobStore jobs_{*fixture_.database};
    store::Outbox outbox_{*fixture_.database};
    store::FileTable files_{*fixture_.database};
    store::ResumableTable resumables_{*fixture_.database};
    store::ConnectionTable connections_{*fixture_.database};
    store::KeyTable keys_{*fixture_.database};
    store::WorkerTable workers_{*fixture_.database};
    std::unique_ptr<storage::Storage> storage_ = storage::memory_storage();
    storage::SecretBox secrets_ = *storage::SecretBox::open(fixture_.folder + "/key", "");
    net::Client client_{net::Client::Settings{}};
    work::Metrics metrics_;
    store::SettingTable settings_{*fixture_.database};
    Trouble claiming_{"cannot claim a job"};
    Health health_{settings_, claiming_, clock, {fixture_.folder, 0}};
    Service service_{jobs_,     outbox_,  files_,  resumables_, connections_, keys_,    workers_,
                     *storage_, secrets_, client_, clock,       {},           metrics_, health_};
};

inline Request request_of(std::string method, std::string path, std::vector<Header> headers = {}) {
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.headers = std::move(headers);
    return request;
}

/// What the service answers to a request, without the server around it.
inline Response ask(
    TestService& service, std::string method, std::string_view target, const json::value& body = {}
) {
    static const Router router(all_routes());
    const auto question = std::min(target.find('?'), target.size());
    auto request = request_of(std::move(method), std::string(target.substr(0, question)));
    request.query = read_query(target.substr(std::min(question + 1, target.size())));
    if (!body.is_null()) request.body = compact_json(body);
    const auto route = router.find(request);
    if (!route) return error_response(route.error());
    std::promise<Result<Response>> answer;
    if ((*route)->prompt) {
        (*route)->prompt(*service, request, [&](Result<Response> reply) {
            answer.set_value(std::move(reply));
        });
    } else {
        answer.set_value((*route)->handler(*service, request));
    }
    auto response = answer.get_future().get();
    return response ? *std::move(response) : error_response(response.error());
}

/// The body of an answer.
inline json::value body_of(const Response& response) {
    auto body = parse_json(response.body);
    EXPECT_TRUE(body) << response.status << " " << response.body;
    return body ? *std::move(body) : json::value();
}

}  // namespace ittybit::api
