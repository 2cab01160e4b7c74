#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "model/limits.h"
#include "net/client.h"
#include "sandbox/zygote.h"
#include "storage/room.h"
#include "storage/secret_box.h"
#include "storage/storage.h"
#include "store/job_store.h"
#include "store/side_tables.h"
#include "work/live.h"
#include "work/metrics.h"
#include "work/slow_input.h"

namespace ittybit::work {

/// What workers work with. Outlives them; all of it is thread-safe.
struct Workshop {
    store::JobStore& jobs;
    store::FileTable& files;
    store::ConnectionTable& connections;
    store::UploadTable& uploads;
    std::shared_ptr<storage::Storage> storage;  // of managed files
    const storage::SecretBox& secrets;
    net::Client& client;
    storage::Room& room;  // of the scratch folder's disk
    sandbox::Zygote& zygote;
    Live& live;
    Metrics& metrics;
    const Clock& clock;
    std::string scratch;     // a folder for downloads
    std::string public_url;  // in front of /files
    std::string worker;      // this process, among those on the store
    Limits limits;
    SlowBound slow_input = {};
};

}  // namespace ittybit::work
