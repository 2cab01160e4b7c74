#pragma once

#include <atomic>
#include <string>

#include "api/health.h"
#include "base/clock.h"
#include "model/limits.h"
#include "net/client.h"
#include "storage/secret_box.h"
#include "storage/storage.h"
#include "store/job_store.h"
#include "store/segments.h"
#include "store/side_tables.h"
#include "work/file_links.h"
#include "work/metrics.h"

namespace ittybit::work {
class Explainer;
}

namespace ittybit::api {

/// What an operator decides about the API.
struct ServiceSettings {
    /// How clients reach us, without a slash at the end; empty: as each request was sent.
    std::string public_url;
    std::string listen_url = "http://127.0.0.1:8080";  // for requests that do not say
    std::atomic<std::int64_t> most_queued = 100'000;
    std::atomic<int> rate_limit = 0;  // requests a minute and key; 0: none
    std::string version;
    std::string build;
    std::string scratch;           // the folder that inputs are read into
    json::object sandbox;          // the layers in force, for /health
    bool redirects_files = false;  // to signed URLs, where the storage has them
    net::AddressPolicy policy = net::AddressPolicy::strict();  // for inputs and webhooks
    std::int64_t largest_input = Limits{}.input_bytes;         // and so upload
    std::string storage_folder;  // where uploads are stored, if it is on this machine
    std::int64_t keep_free = 0;  // bytes of its disk
    work::FileLinks links = {};  // of managed files
};

/// How many jobs wait, as far as is known.
struct Waiting {
    std::atomic<std::int64_t> count = 0;
    std::atomic<bool> is_stale = true;
};

/// Everything that handlers work on. Lives as long as the server; all of it is thread-safe.
struct Service {
    store::JobStore& jobs;
    store::Outbox& outbox;
    store::FileTable& files;
    store::ResumableTable& resumables;
    store::ConnectionTable& connections;
    store::KeyTable& keys;
    store::WorkerTable& workers;
    storage::Storage& storage;
    const storage::SecretBox& secrets;
    net::Client& client;
    const Clock& clock;
    ServiceSettings settings;
    work::Metrics& metrics;
    Health& health;
    work::Explainer* explainer = nullptr;  // null where there is none
    Waiting waiting = {};
};

}  // namespace ittybit::api
