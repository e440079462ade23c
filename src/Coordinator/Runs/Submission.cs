using System.Security.Cryptography;
using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Storage;
using Atelier.Core;
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
/// <param name="cluster">Whose orders these are.</param>
/// <param name="time">The clock.</param>
internal sealed class Submission(IGrainFactory grains, ClusterIdentity cluster, TimeProvider time)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>Resolves a request.</summary>
    /// <param name="request">What was submitted.</param>
    /// <param name="cancellation">Ends the wait for a worker's look at the data.</param>
    /// <exception cref="UserErrorException">Something in it cannot be used.</exception>
    /// <exception cref="RpcException">No worker can look at the data now.</exception>
    public async Task<RunDetails> ResolveAsync(SubmitRequest request, CancellationToken cancellation)
    {
        _ = new RunId(request.Run);
        if (request.DataPath.Length == 0) throw new UserErrorException("`data_path` is empty: name a folder or zip of images, as the workers see it");
        if (request.RunStore.Length == 0) throw new UserErrorException("`run_store` is empty: name the run's folder, or s3://bucket/prefix");
        var store = StoreLocation.Parse(request.RunStore);
        var spec = request.ResolvedSpecJson.Length > 0
            ? RunSpecJson.Read(request.ResolvedSpecJson, "resolved_spec_json")
            : await ResolveSpecAsync(request, cancellation);
        SpecValidation.Require(spec);
        var numerics = request.AcceptNewNumerics ? null : await NumericsAsync(store, cancellation);
        return new()
        {
            Run = request.Run,
            SpecJson = RunSpecJson.Write(spec),
            Branch = request.Branch,
            DataPath = request.DataPath,
            Store = request.RunStore,
            InitPath = request.InitPath,
            Priority = request.Priority,
            MinWorkers = request.MinWorkers == 0 ? 1 : request.MinWorkers,
            MaxWorkers = request.MaxWorkers == 0 ? spec.Shards : request.MaxWorkers,
            Numerics = numerics,
            SubmittedUnixMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
    }

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
                $"{string.Join(", ", changes.Where(change => change.Key.Change == ChangeClass.Branching).Select(change => change.Key.Name))} would begin a branch of the run; submit it as a run of its own on a copy of its store"),
            ChangeDecision.Refuse(var message) => throw new UserErrorException(message),
            var other => throw new InvalidOperationException($"unknown decision {other}"),
        };
    }

    /// <exception cref="UserErrorException">The newest snapshot has another version of the numerics, which no worker of this version has.</exception>
    private static async Task<string?> NumericsAsync(StoreLocation store, CancellationToken cancellation)
    {
        var entries = await new SnapshotStore(store.Open(), TimeProvider.System).ListAsync(cancellation);
        var numerics = entries.LastOrDefault(entry => entry.Damage is null)?.Manifest?.Numerics;
        if (numerics is not null && numerics.Version != NumericsFingerprint.CurrentVersion)
            throw new UserErrorException(
                $"the snapshots in {store} have numerics version {numerics.Version} and this is numerics version {NumericsFingerprint.CurrentVersion}: the run would not continue with the same bits. Pass --accept-new-numerics to go on all the same");
        return numerics?.Digest();
    }

    private async Task<RunSpec> ResolveSpecAsync(SubmitRequest request, CancellationToken cancellation)
    {
        var recipe = request.Recipe.TrimStart().StartsWith('{') ? Recipe.Parse("recipe", request.Recipe)
            : Recipes.Named(request.Recipe.Length > 0 ? request.Recipe : Recipes.Default);
        var assignments = request.Assignments.Select(SpecAssignment.Parse).ToList();
        // Mistakes that need no data are said without a worker.
        var known = recipe.Values.Concat(assignments).Aggregate(new RunSpec(), (spec, assignment) => assignment.ApplyTo(spec));
        var facts = await InspectAsync(request.DataPath, known, cancellation);
        return SpecResolver.Resolve(recipe, assignments, facts, Math.Max(1, request.MaxWorkers)).Spec;
    }

    private async Task<DatasetFacts> InspectAsync(string dataPath, RunSpec known, CancellationToken cancellation)
    {
        using var again = new PeriodicTimer(LookAgain, time);
        var worker = await AdmittedAsync(again, cancellation);
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var message = new CoordinatorMessage
        {
            Cluster = cluster.Id,
            InspectData = new() { Request = id, DataPath = dataPath, SpecJson = RunSpecJson.Write(known) },
        };
        await grains.GetGrain<IWorkerGrain>(worker.Card.Key.Worker).TellAsync($"InspectData {id}", new WireMessage(message));
        while (await again.WaitForNextTickAsync(cancellation))
        {
            if (await grains.GetGrain<IInspectionGrain>(id).LookAsync() is not { } answer)
            {
                await RequireAsync(worker.Card.Key, dataPath);
                continue;
            }

            if (answer.Error.Length > 0) throw new UserErrorException($"{worker.Card.Key.Worker} says: {answer.Error}");
            return new(answer.Width, answer.Height, answer.LabelDim, answer.Images, answer.Digest);
        }

        throw new OperationCanceledException(cancellation);
    }

    /// <summary>Whoever looks at the data is still there: nobody waits for one that is lost.</summary>
    private async Task RequireAsync(WorkerKey worker, string dataPath)
    {
        if (!(await grains.GetGrain<IFleetGrain>(0).WorkersAsync()).Exists(row => row.Card.Key == worker && row.Status != nameof(MemberStatus.Evicted)))
            throw new RpcException(new Status(StatusCode.FailedPrecondition, $"{worker.Worker} was lost while it looked at {dataPath}; submit again"));
    }

    /// <summary>A worker that may be asked; one that is being probed is waited for.</summary>
    private async Task<WorkerRow> AdmittedAsync(PeriodicTimer again, CancellationToken cancellation)
    {
        do
        {
            var workers = await grains.GetGrain<IFleetGrain>(0).WorkersAsync();
            if (workers.FirstOrDefault(row => row.Status == nameof(MemberStatus.Admitted)) is { } admitted) return admitted;
            if (workers.TrueForAll(row => row.Status != nameof(MemberStatus.Probing)))
                throw new RpcException(new Status(StatusCode.FailedPrecondition, "no worker is attached that could look at the data; attach one with `atelier worker`"));
        }
        while (await again.WaitForNextTickAsync(cancellation));
        throw new OperationCanceledException(cancellation);
    }
}
