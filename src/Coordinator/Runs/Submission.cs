using System.Security.Cryptography;
using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Storage;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Membership;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Protos;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Grpc.Core;
using Orleans;

namespace Atelier.Coordinator.Runs;

/// <summary>Makes a run out of what a person submits: the spec is resolved against the data, which a worker looks at.</summary>
/// <param name="grains">The grains.</param>
/// <param name="messenger">Asks workers.</param>
/// <param name="places">What people may name.</param>
/// <param name="cluster">Whose orders these are.</param>
/// <param name="time">The clock.</param>
internal sealed class Submission(IGrainFactory grains, WorkerMessenger messenger, AllowedPlaces places, ClusterIdentity cluster, TimeProvider time)
{
    /// <summary>Datasets that workers have in themselves, and that are no files.</summary>
    private const string BuiltIn = "emoji:";

    /// <summary>Keys that say where values came from; runs whose other keys are equal are the same.</summary>
    private static readonly string[] Provenance = ["recipe", "gpus"];

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a store may take to say what is in it.</summary>
    private static readonly TimeSpan StorePatience = TimeSpan.FromSeconds(10);

    /// <summary>Resolves a request; where the run exists, against what it began with.</summary>
    /// <param name="request">What was submitted.</param>
    /// <param name="cancellation">Ends the wait for a worker's look at the data.</param>
    /// <exception cref="RunExistsException">The run exists, and was submitted otherwise.</exception>
    /// <exception cref="UserErrorException">Something in it cannot be used.</exception>
    /// <exception cref="RpcException">No worker can look at the data now.</exception>
    public async Task<ResolvedSubmission> ResolveAsync(SubmitRequest request, CancellationToken cancellation)
    {
        _ = new RunId(request.Run);
        if (request.DataPath.Length == 0) throw new UserErrorException("`data_path` is empty: name a folder or zip file of images that the workers can read");
        if (request.RunStore.Length == 0) throw new UserErrorException("`run_store` is empty: name the run folder, or s3://bucket/prefix");
        request = request.Clone();
        if (!request.DataPath.StartsWith(BuiltIn, StringComparison.Ordinal)) request.DataPath = places.Data(request.DataPath);
        if (request.InitPath.Length > 0) request.InitPath = places.Network(request.InitPath);
        var store = Allowed(StoreLocation.Parse(request.RunStore));
        if (await grains.GetGrain<IFleetGrain>(0).DetailsAsync(request.Run) is { } known)
        {
            RequireSame(known, DetailsOf(request, store, SpecOf(request, FactsOf(known)), null));
            return new(known, IsKnown: true, null);
        }

        var spec = SpecOf(request, request.ResolvedSpecJson.Length > 0 ? null : await InspectAsync(request, cancellation));
        var newest = await NewestAsync(store, cancellation);
        return new(DetailsOf(request, store, spec, request.AcceptNewNumerics ? null : NumericsOf(store, newest)), IsKnown: false, newest?.ImageCount);
    }

    private StoreLocation Allowed(StoreLocation store)
    {
        if (store is StoreLocation.Folder folder) return new StoreLocation.Folder(places.Store(folder.Path));
        places.RequireS3((store as StoreLocation.S3)?.Address.Endpoint);
        return store;
    }

    private RunDetails DetailsOf(SubmitRequest request, StoreLocation store, RunSpec spec, string? numerics) => new()
    {
        Run = request.Run,
        SpecJson = RunSpecJson.Write(spec),
        Branch = request.Branch,
        DataPath = request.DataPath,
        Store = store.ToString()!,
        InitPath = request.InitPath,
        Priority = request.Priority,
        MinWorkers = request.MinWorkers == 0 ? 1 : request.MinWorkers,
        MaxWorkers = request.MaxWorkers == 0 ? spec.Shards : request.MaxWorkers,
        Numerics = numerics,
        SubmittedUnixMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
        TraceParent = Core.Telemetry.TraceParent.OfPresent(),
    };

    /// <summary>What a run that exists has found in its data, which is not looked at again.</summary>
    private static DatasetFacts FactsOf(RunDetails known)
    {
        var spec = RunSpecJson.Read(known.SpecJson, "the spec");
        return new(spec.Resolution.Width, spec.Resolution.Height, spec.LabelDim, spec.DataImages, spec.DataDigest);
    }

    private static void RequireSame(RunDetails known, RunDetails asked)
    {
        (string Key, string Known, string Asked)[] others =
        [
            ("data", known.DataPath, asked.DataPath),
            ("init", known.InitPath, asked.InitPath),
            ("priority", $"{known.Priority}", $"{asked.Priority}"),
            ("min-workers", $"{known.MinWorkers}", $"{asked.MinWorkers}"),
            ("max-workers", $"{known.MaxWorkers}", $"{asked.MaxWorkers}"),
            ("branch", $"{known.Branch}", $"{asked.Branch}"),
        ];
        string[] differences =
        [
            .. SpecChange.Between(RunSpecJson.Read(known.SpecJson, "the spec"), RunSpecJson.Read(asked.SpecJson, "the spec")).Where(change => !Provenance.Contains(change.Key.Name)).Select(change => $"{change}"),
            .. StoreLocation.Parse(known.Store).Identity == StoreLocation.Parse(asked.Store).Identity ? (string[])[] : [Difference("out", known.Store, asked.Store)],
            .. others.Where(other => other.Known != other.Asked).Select(other => Difference(other.Key, other.Known, other.Asked)),
        ];
        if (differences.Length > 0)
            throw new RunExistsException(
                $"a run named {known.Run} already exists, and it differs: {string.Join("; ", differences)}. Choose another name, or change keys of that run with `atelier resume {known.Run} --set key=value`");
    }

    private static string Difference(string key, string known, string asked) => $"{key} {(asked.Length > 0 ? asked : SpecText.None)} (the run has {(known.Length > 0 ? known : SpecText.None)})";

    /// <summary>Changes free keys of a run's spec.</summary>
    /// <exception cref="UserErrorException">A key is unknown or not free, or a value is not accepted.</exception>
    public static RunDetails Change(RunDetails details, IEnumerable<string> assignments)
    {
        var stored = RunSpecJson.Read(details.SpecJson, "the spec");
        var resolved = SpecResolver.Resume(stored, null, assignments.Select(SpecAssignment.Parse), null).Spec;
        return SpecChange.Decide(SpecChange.Between(stored, resolved), details.Branch) switch
        {
            ChangeDecision.Continue => details with { SpecJson = RunSpecJson.Write(resolved) },
            ChangeDecision.Branch(_, var changes) => throw new UserErrorException(
                $"changing {string.Join(", ", changes.Where(change => change.Key.Change == ChangeClass.Branching).Select(change => change.Key.Name))} would begin a branch of the run; submit that as a new run, on a copy of the run folder"),
            ChangeDecision.Refuse(var message) => throw new UserErrorException(message),
            var other => throw new InvalidOperationException($"unknown decision {other}"),
        };
    }

    private async Task<SnapshotManifest?> NewestAsync(StoreLocation store, CancellationToken cancellation)
    {
        try
        {
            // A file system that is away may keep a thread for good.
            var entries = await Task.Run(() => new SnapshotStore(store.Open(), TimeProvider.System).ListAsync(cancellation), cancellation).WaitAsync(StorePatience, time, cancellation);
            return entries.LastOrDefault(entry => entry.Damage is null)?.Manifest;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or TimeoutException)
        {
            throw new UserErrorException($"cannot read {store} ({(error is TimeoutException ? $"no answer within {StorePatience.TotalSeconds} s" : error.Message)}); submit again when it is reachable", error);
        }
    }

    /// <exception cref="UserErrorException">The newest snapshot has another version of the numerics, which no worker of this version has.</exception>
    private static string? NumericsOf(StoreLocation store, SnapshotManifest? newest)
    {
        var numerics = newest?.Numerics;
        if (numerics is not null && numerics.Version != NumericsFingerprint.CurrentVersion)
            throw new UserErrorException(
                $"the snapshots in {store} have numerics version {numerics.Version}, but this is numerics version {NumericsFingerprint.CurrentVersion}: the run would not continue with the same bits. Pass --accept-new-numerics to continue anyway");
        return numerics?.Digest();
    }

    /// <param name="request">What was submitted.</param>
    /// <param name="facts">What is known of the data; null where the spec is resolved already.</param>
    private static RunSpec SpecOf(SubmitRequest request, DatasetFacts? facts)
    {
        var spec = request.ResolvedSpecJson.Length > 0
            ? RunSpecJson.Read(request.ResolvedSpecJson, "resolved_spec_json")
            : SpecResolver.Resolve(RecipeOf(request), AssignmentsOf(request), facts, gpus: 1).Spec;
        SpecValidation.Require(spec);
        return spec;
    }

    private static Recipe RecipeOf(SubmitRequest request) => request.Recipe.TrimStart().StartsWith('{') ? Recipe.Parse("recipe", request.Recipe)
        : Recipes.Named(request.Recipe.Length > 0 ? request.Recipe : Recipes.Default);

    private static List<SpecAssignment> AssignmentsOf(SubmitRequest request) => [.. request.Assignments.Select(SpecAssignment.Parse)];

    private async Task<DatasetFacts> InspectAsync(SubmitRequest request, CancellationToken cancellation)
    {
        // Mistakes that need no data are said without a worker.
        var known = RecipeOf(request).Values.Concat(AssignmentsOf(request)).Aggregate(new RunSpec(), (spec, assignment) => assignment.ApplyTo(spec));
        var dataPath = request.DataPath;
        using var again = new PeriodicTimer(LookAgain, time);
        var worker = await AdmittedAsync(request.Run, again, cancellation);
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var message = new CoordinatorMessage
        {
            Cluster = cluster.Id,
            InspectData = new() { Request = id, DataPath = dataPath, SpecJson = RunSpecJson.Write(known) },
        };
        var question = new WireMessage(message);
        do
        {
            // Asked again and again, which a stream passes on now and then: a question may be lost with a replica.
            await messenger.TellAsync([worker.Card.Key.Worker], $"InspectData {id}", question);
            if (await grains.GetGrain<IInspectionGrain>(id).LookAsync() is not { } answer)
            {
                await RequireAsync(worker.Card.Key, dataPath);
                continue;
            }

            if (answer.Error.Length > 0) throw new UserErrorException($"{worker.Card.Key.Worker} says: {answer.Error}");
            return new(answer.Width, answer.Height, answer.LabelDim, answer.Images, answer.Digest);
        }
        while (await again.WaitForNextTickAsync(cancellation));
        throw new OperationCanceledException(cancellation);
    }

    /// <summary>Whoever looks at the data is still there: nobody waits for one that is lost.</summary>
    private async Task RequireAsync(WorkerKey worker, string dataPath)
    {
        if (!(await grains.GetGrain<IFleetGrain>(0).WorkersAsync()).Exists(row => row.Card.Key == worker && row.Status != MemberStatus.Evicted))
            throw new RpcException(new Status(StatusCode.FailedPrecondition, $"{worker.Worker} was lost while it read {dataPath}; submit again"));
    }

    /// <summary>Whether a worker may be asked to look at a run's data: one that serves another run alone may not have it.</summary>
    public static bool MayInspect(WorkerRow worker, string run) => worker.Card.OnlyRun.Length == 0 || worker.Card.OnlyRun == run;

    /// <summary>A worker that may be asked; one that is being probed is waited for.</summary>
    private async Task<WorkerRow> AdmittedAsync(string run, PeriodicTimer again, CancellationToken cancellation)
    {
        do
        {
            var workers = (await grains.GetGrain<IFleetGrain>(0).WorkersAsync()).FindAll(row => MayInspect(row, run));
            // A run's own worker has its data for sure.
            if (workers.Where(row => row.Status == MemberStatus.Admitted).MaxBy(row => row.Card.OnlyRun == run) is { } admitted) return admitted;
            if (workers.TrueForAll(row => row.Status != MemberStatus.Probing))
                throw new RpcException(new Status(StatusCode.FailedPrecondition, "no worker is attached to read the data; start one with `atelier worker`"));
        }
        while (await again.WaitForNextTickAsync(cancellation));
        throw new OperationCanceledException(cancellation);
    }
}

/// <summary>A submission, resolved.</summary>
/// <param name="Run">The run: the one that exists, or the one to be added.</param>
/// <param name="IsKnown">Whether the same was submitted before.</param>
/// <param name="SnapshotImages">For a new run, the image count of the snapshot in its store that it would go on from; null for none.</param>
internal sealed record ResolvedSubmission(RunDetails Run, bool IsKnown, long? SnapshotImages);

/// <summary>A look of a worker at a data set: the question goes out by its stream, the answer comes in by it. The key is the request's.</summary>
[Alias("atelier.inspection")]
public interface IInspectionGrain : IGrainWithStringKey
{
    /// <summary>The worker has looked.</summary>
    [Alias("Answer")]
    Task AnswerAsync(InspectionAnswer answer);

    /// <summary>The answer; null while it has not come.</summary>
    [Alias("Look")]
    Task<InspectionAnswer?> LookAsync();
}

/// <summary>What a worker found.</summary>
/// <param name="Width">Columns of pixels.</param>
/// <param name="Height">Rows of pixels.</param>
/// <param name="LabelDim">Length of a label.</param>
/// <param name="Images">Usable images.</param>
/// <param name="Digest">Hash of names, contents and labels.</param>
/// <param name="Error">Why the data cannot be used; empty otherwise.</param>
[GenerateSerializer, Immutable, Alias("atelier.inspection-answer")]
public sealed record InspectionAnswer(
    [property: Id(0)] int Width, [property: Id(1)] int Height, [property: Id(2)] int LabelDim, [property: Id(3)] long Images, [property: Id(4)] string Digest, [property: Id(5)] string Error)
{
    internal static InspectionAnswer Of(DataFacts facts) =>
        new(facts.Width, facts.Height, facts.LabelDim, facts.Images, facts.ContentSha256, facts.Error);
}

/// <summary>Keeps the answer until it is asked for.</summary>
public sealed class InspectionGrain : Grain, IInspectionGrain
{
    private InspectionAnswer? _answer;

    /// <inheritdoc/>
    public Task AnswerAsync(InspectionAnswer answer)
    {
        _answer = answer;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<InspectionAnswer?> LookAsync() => Task.FromResult(_answer);
}
