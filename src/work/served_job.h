#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "model/limits.h"
#include "net/client.h"
#include "sandbox/zygote.h"
#include "storage/secret_box.h"
#include "storage/source.h"
#include "storage/storage.h"
#include "store/job_store.h"
#include "store/side_tables.h"
#include "work/exporter.h"
#include "work/import.h"
#include "work/job_log.h"
#include "work/live.h"
#include "work/metrics.h"
#include "work/run_operation.h"

namespace ittybit::work {

/// What workers work with. Outlives them; all of it is thread-safe.
struct Workshop {
    store::JobStore& jobs;
    store::FileTable& files;
    store::ConnectionTable& connections;
    std::shared_ptr<storage::Storage> storage;  // of managed files
    const storage::SecretBox& secrets;
    net::Client& client;
    sandbox::Zygote& zygote;
    Live& live;
    Metrics& metrics;
    const Clock& clock;
    std::string scratch;     // a folder for downloads
    std::string public_url;  // in front of /files
    std::string worker;      // this process, among those on the store
    Limits limits;
};

inline constexpr UnixMillis kLeaseMs = 15'000;

/// One claimed job on its way through its tasks: probe → import → the work → export, or the one
/// task of a standalone one. A thread beside it keeps the lease, saves progress, and stops the work
/// when the job is cancelled, deleted or given to somebody else.
class ServedJob {
public:
    ServedJob(Workshop& shop, store::JobStore::Claimed claimed);

    /// Works until the job has ended or is out of our hands. `stop` hands it back unharmed.
    void run(const std::stop_token& stop);

private:
    void keep_lease(const std::stop_token& stop);
    bool save(bool is_new_state);
    void lose();

    Task& begin_task(const std::string& kind);
    void end_task(Task& task, std::optional<File> output);
    void report(Task& task, const Progress& progress);

    Result<> run_tasks(const std::stop_token& stop);
    Result<> run_job(const std::stop_token& stop);
    Result<> run_standalone(const std::stop_token& stop);
    Result<> open_input(const std::stop_token& stop);
    Result<File> probe(const std::stop_token& stop);
    Result<Outcome> work(
        const Operation& operation,
        Task& task,
        Exporter& exporter,
        Import& import,
        const std::stop_token& stop
    );
    Result<File> publish(Exporter& exporter, File file);
    Result<File> copy_out(Destination destination, File file, const std::stop_token& stop);
    Result<Operation> operation() const;
    std::string image_extension() const;
    Result<Destination> destination(const Operation& operation, const std::stop_token& stop);
    Result<Destination> managed(const std::string& role, const std::string& name);
    Result<Destination> in_bucket(const std::string& output, const Operation* operation);
    OperationInput input() const;
    Result<Outcome> run_child(
        const OperationRequest& request, const OperationEvents& events, const std::stop_token& stop
    );

    void settle(const Result<>& result, const std::stop_token& stop);
    void finish();

    Workshop& shop_;
    const store::Claim claim_;
    JobLog log_;
    std::mutex mutex_;  // guards record_ and saved_at_
    store::JobRecord record_;
    UnixMillis saved_at_ = 0;
    std::atomic<bool> is_lost_ = false;
    std::stop_source stop_;
    std::unique_ptr<storage::Source> source_;
    std::int64_t input_bytes_ = 0;
    std::string current_;  // the kind of the task that is to blame for a failure
    std::vector<std::string> files_;
    std::vector<store::Part> parts_;
    std::string parts_task_;
};

}  // namespace ittybit::work
