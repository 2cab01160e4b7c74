// Everything about one job, as it goes on.
import { useEffect, useState } from "preact/hooks";
import { ApiError, expiryOf, isRefused, ownFile, post, remove, type Job } from "./api";
import { Comparison, Facts } from "./facts";
import { bytes, duration, fileName, kindName, moment, saving } from "./format";
import { Icon } from "./icon";
import { findJob, isFinal, isWork, listen, outputsOf } from "./jobs";
import { listAddress } from "./jobs_page";
import { Output } from "./output";
import { Outputs } from "./outputs";
import { HowItIsMade } from "./plan";
import { Request } from "./request";
import { go } from "./route";
import { Timeline } from "./timeline";
import { attempt, confirm, Copy, now, Problem, say, State, stateName } from "./ui";
import { Webhooks } from "./webhooks";
import { adviceFor, kindOfFailure, stepName } from "./words";

const LONGEST_TIMER = 2 ** 31 - 1; // milliseconds
const RETRY_MS = 5000;

const expiryOfJob = (job: Job) =>
    Math.min(...outputsOf(job).map((output) => expiryOf(output.output)));

/// The job as it is now: null while it is asked for, and where there is none. Beside a problem it
/// is as it was.
function useJob(id: string) {
    const [job, setJob] = useState<Job | null>(null);
    const [problem, setProblem] = useState("");
    useEffect(() => {
        let asked = 0;
        let shown = 0; // what was asked before this is older
        let timer = 0; // to ask again: when the addresses in it have expired, and after a failure
        const load = async () => {
            const turn = ++asked;
            const found = await findJob(id).catch((error: ApiError) => error);
            if (turn < shown) return;
            shown = turn;
            clearTimeout(timer);
            if (!(found instanceof ApiError)) {
                const left = expiryOfJob(found) - Date.now();
                if (left < LONGEST_TIMER) timer = window.setTimeout(load, Math.max(left, 1000));
                setProblem("");
                return setJob(found);
            }
            setProblem(found.message);
            if (found.status === 404) setJob(null);
            if (!isRefused(found)) timer = window.setTimeout(load, RETRY_MS);
        };
        void load();
        const end = listen((events) => {
            const isOurs = events.some(
                ({ name, data }) =>
                    name === "changed" ||
                    ((name === "job" || name === "deleted") && (data as Job).id === id),
            );
            if (isOurs) void load();
        });
        return () => {
            shown = Infinity;
            clearTimeout(timer);
            end();
        };
    }, [id]);
    return { job, problem };
}

function Actions({ job }: { job: Job }) {
    const [isBusy, setBusy] = useState(false);
    const act = async (action: () => Promise<unknown>) => {
        setBusy(true);
        await attempt(action);
        setBusy(false);
    };
    const retry = () =>
        act(async () => {
            const made = await post<Job>(`jobs/${job.id}/retry`);
            say("Started again as a new job");
            go(`#/jobs/${made.id}`);
        });
    const cancel = () => act(() => post(`jobs/${job.id}/cancel`));
    const erase = async () => {
        if (!(await confirm("Delete this job?", "Its outputs go too.", "Delete"))) return;
        await act(async () => {
            await remove(`jobs/${job.id}`);
            say("Deleted");
            go("#/jobs");
        });
    };
    return (
        <div class="actions">
            {!isFinal(job.status) && (
                <button type="button" disabled={isBusy} onClick={() => void cancel()}>
                    <Icon name="stop" />
                    Cancel
                </button>
            )}
            <button type="button" disabled={isBusy} onClick={() => void retry()}>
                <Icon name="retry" />
                Retry
            </button>
            <button type="button" disabled={isBusy} onClick={() => void erase()}>
                <Icon name="trash" />
                Delete
            </button>
        </div>
    );
}

function Failed({ job }: { job: Job }) {
    if (!job.error) return null;
    const task = job.tasks.find((one) => one.id === job.error!.task);
    const advice = adviceFor(job.error);
    return (
        <section class="note bad" role="alert">
            <h2>
                {task ? `${stepName(task.kind)}: ` : ""}
                {kindOfFailure(job.error.kind)}
            </h2>
            <p>{job.error.message}</p>
            {job.error.limit && (
                <p>
                    The limit is <code>{job.error.limit.name}</code>, {job.error.limit.value}.
                </p>
            )}
            {advice && <p class="advice">{advice}</p>}
        </section>
    );
}

const Warnings = ({ job }: { job: Job }) =>
    job.warnings.length === 0 ? null : (
        <section class="note">
            <h2>{job.warnings.length === 1 ? "A warning" : `${job.warnings.length} warnings`}</h2>
            <ul>
                {job.warnings.map((text) => (
                    <li key={text}>{text}</li>
                ))}
            </ul>
        </section>
    );

/// "8 s, 62 % smaller": what an operator asks first.
function Summary({ job }: { job: Job }) {
    const input = job.tasks.find((task) => task.kind === "probe")?.output;
    const output = job.tasks.find((task) => task.kind === "export")?.output;
    const end = job.finished_at ?? now.value;
    return (
        <p class="summary">
            <State status={job.status} />
            <span>{kindName(job.kind)}</span>
            <span title={moment(job.created_at)}>{moment(job.created_at)}</span>
            {job.started_at && <span>took {duration(end - job.started_at)}</span>}
            {output?.size != null && <span>{bytes(output.size)}</span>}
            {output?.size != null && input?.size != null && (
                <span class={output.size < input.size ? "good" : ""}>
                    {saving(input.size, output.size)}
                </span>
            )}
        </p>
    );
}

function Address({ name, url }: { name: string; url: string }) {
    const link = ownFile(url) ?? (url.startsWith("http") ? url : null);
    return (
        <div class="address">
            <span>{name}</span>
            {link ? (
                <a href={link} target="_blank" rel="noreferrer noopener">
                    {url}
                </a>
            ) : (
                <code>{url}</code>
            )}
            <Copy text={url} label={`Copy the address of the ${name.toLowerCase()}`} />
        </div>
    );
}

const BackToList = () => (
    <a class="back" href={listAddress()}>
        <Icon name="back" />
        Jobs
    </a>
);

export function JobPage({ id }: { id: string }) {
    const { job, problem } = useJob(id);
    useEffect(() => scrollTo(0, 0), [id]);
    useEffect(() => {
        if (job) document.title = `${fileName(job.input)}: ${stateName(job.status)} – ittybit`;
    }, [job?.status]);
    if (!job) {
        return (
            <div class="page">
                <BackToList />
                {problem ? (
                    <Problem text={problem} />
                ) : (
                    <p class="foot" role="status">
                        Loading…
                    </p>
                )}
            </div>
        );
    }
    const input = job.tasks.find((task) => task.kind === "probe")?.output;
    const works = job.tasks.filter(isWork);
    return (
        <div class="page job">
            <BackToList />
            <Problem text={problem} />
            <div class="title">
                <h1>{fileName(job.input)}</h1>
                <Actions job={job} />
            </div>
            <Summary job={job} />
            <Failed job={job} />
            <Warnings job={job} />
            <div class="columns">
                <div>
                    <Outputs job={job} />
                    <Output job={job} />
                    <Timeline job={job} />
                    <HowItIsMade job={job} />
                    {works.map(
                        (task) =>
                            task.output &&
                            input && (
                                <Comparison key={task.id} before={input} after={task.output} />
                            ),
                    )}
                    {input && <Facts title="Input" file={input} />}
                </div>
                <div>
                    <section class="card">
                        <h2>Addresses</h2>
                        <div class="address">
                            <span>Job</span>
                            <code>{job.id}</code>
                            <Copy text={job.id} label="Copy the job’s id" />
                        </div>
                        <Address name="Input" url={job.input} />
                        {job.output && <Address name="Output" url={job.output} />}
                    </section>
                    <Request job={job} />
                    <Webhooks job={job} />
                </div>
            </div>
        </div>
    );
}
