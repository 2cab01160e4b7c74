#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/trouble.h"
#include "model/limits.h"
#include "model/split.h"
#include "net/client.h"
#include "storage/room.h"
#include "storage/secret_box.h"
#include "storage/storage.h"
#include "store/job_store.h"
#include "store/queue.h"
#include "store/segments.h"
#include "store/side_tables.h"
#include "work/metrics.h"
#include "work/run_operation.h"
#include "work/slow_input.h"

namespace ittybit::work {

/// What may keep workers from their work for a while.
struct Troubles {
    Trouble claiming{"cannot claim a job"};
    Trouble beating{"a lease cannot be extended"};
    Trouble ending{"a job cannot be ended"};
    Trouble discarding{"what nobody needs cannot be taken away"};
};

/// What workers work with. Outlives them; all of it is thread-safe.
struct Workshop {
    store::JobStore& jobs;
    store::Queue& queue;
    store::FileTable& files;
    store::ConnectionTable& connections;
    store::UploadTable& uploads;
    store::SettingTable& settings;
    store::SegmentTable& segments;
    store::WorkerTable& workers;
    std::shared_ptr<storage::Storage> storage;  // of managed files
    const storage::SecretBox& secrets;
    net::Client& client;
    storage::Room& room;  // of the scratch folder's disk
    Perform perform;
    Metrics& metrics;
    Troubles& troubles;
    const Clock& clock;
    std::string scratch;  // a folder for downloads
    std::string worker;   // this process, among those on the store
    Limits limits;
    SlowBound slow_input = {};
    Splitting splitting = {.when = Splitting::When::kNever};
};

}  // namespace ittybit::work
