using System.Text.Json;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Core.Runs;
using Atelier.Core.Sharding;
using Atelier.Core.Specs;
using Atelier.Storage.Snapshots;
using Atelier.Training.Data;
using Atelier.Training.Exports;
using Atelier.Training.Imaging;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;

namespace Atelier.Worker.Runs;

/// <summary>A run about to begin or to go on: its data is open and its spec is decided.</summary>
/// <param name="Dataset">The images; disposed with this.</param>
/// <param name="Resolved">The spec, with where each value comes from.</param>
/// <param name="Record">What will be written to <c>run.json</c>.</param>
/// <param name="Previous">The record that was there, or null for a new run.</param>
/// <param name="Changes">Keys that differ from the record that was there.</param>
public sealed record PreparedRun(
    ImageDataset Dataset, ResolvedSpec Resolved, RunRecord Record, RunRecord? Previous, IReadOnlyList<SpecChange> Changes) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Dataset.Dispose();
}

/// <summary>Decides what a request means: a new run, the same run going on, or a branch of it.</summary>
public static class RunPreparation
{
    /// <summary>Opens the data and resolves the spec; writes nothing.</summary>
    /// <exception cref="UserErrorException">The data, the spec, the workers or the initial network cannot be used, or the run cannot go on with them.</exception>
    public static PreparedRun Prepare(TrainRequest request, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(time);
        var previous = RunRecord.TryLoad(new RunFolder(request.Out));
        if (previous is not null && request.Init is not null && request.Init != previous.Init)
            throw new UserErrorException($"--init starts a new run, but {request.Out} already contains one; choose another --out, or leave out --init");
        var recipe = request.Recipe ?? (previous is null ? Recipes.Named(Recipes.Default) : null);
        var dataset = ImageDataset.Open(request.OpenData(), OptionsOf(Preliminary(previous?.Spec, recipe, request.Overrides)));
        try
        {
            var facts = new DatasetFacts(dataset.Resolution.Width, dataset.Resolution.Height, dataset.LabelDim, dataset.Count, dataset.ContentHash);
            var resolved = previous is null
                ? SpecResolver.Resolve(recipe!, request.Overrides, facts, request.Gpus)
                : SpecResolver.Resume(previous.Spec, recipe, request.Overrides, facts);
            ShardPlan.Even(resolved.Spec.Shards, request.Workers);
            var model = resolved.Spec.ToModel();
            if (previous is null && request.Init is { } init)
                NetworkFile.RequireFits(init, model);
            if (previous is null)
                return new PreparedRun(dataset, resolved, new RunRecord(request.DataName, resolved.Spec, 0, request.Init, time.GetUtcNow()), null, []);
            return SpecChange.Decide(SpecChange.Between(previous.Spec, resolved.Spec), previous.Branch, request.AcceptNewData) switch
            {
                ChangeDecision.Continue(var changes) => new PreparedRun(dataset, resolved, previous with { Spec = resolved.Spec, Data = request.DataName }, previous, changes),
                ChangeDecision.Branch(var number, var changes) =>
                    new PreparedRun(dataset, resolved, previous with { Spec = resolved.Spec, Data = request.DataName, Branch = number }, previous, changes),
                ChangeDecision.Refuse(var message) => throw new UserErrorException(message),
                var other => throw new InvalidOperationException($"unknown decision {other}"),
            };
        }
        catch
        {
            dataset.Dispose();
            throw;
        }
    }

    /// <summary>Checks what would otherwise fail when the first snapshot is measured: files of metrics, numbers of images.</summary>
    /// <exception cref="UserErrorException">A metric of the spec cannot be computed here.</exception>
    public static void RequireMetrics(PreparedRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var detectors = new DetectorFiles([]);
        foreach (var metric in run.Record.Spec.Metrics.Select(MetricCatalog.Find))
        {
            metric.Check(metric.Samples, run.Dataset.Count);
            detectors.Require(metric.Net, metric.Name);
        }
    }

    /// <summary>How images are read does not depend on the data, so it can be known before the data is opened.</summary>
    private static RunSpec Preliminary(RunSpec? stored, Recipe? recipe, IReadOnlyList<SpecAssignment> overrides) =>
        (recipe?.Values ?? []).Concat(overrides).Aggregate(stored ?? new RunSpec(), (spec, assignment) => assignment.ApplyTo(spec));

    /// <summary>How a spec has its images read.</summary>
    /// <exception cref="UserErrorException">It resizes to no size, or its background is no colour.</exception>
    public static DatasetOptions OptionsOf(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        bool resizes = spec.Resize != ResizeMode.None;
        if (resizes && spec.Resolution.IsAuto)
            throw new UserErrorException("resize needs a size: add --set resolution=256 (or WIDTHxHEIGHT, as 512x384)");
        var size = new ImageSize(spec.Resolution.Width, spec.Resolution.Height);
        return new DatasetOptions
        {
            Resize = resizes ? size : null,
            Background = RgbColor.TryParse(spec.Background, out var background)
                ? background
                : throw new UserErrorException($"background `{spec.Background}` is not a colour; write it as RRGGBB"),
            BadImages = spec.BadImages == Core.Specs.BadImagePolicy.Skip ? Training.Data.BadImagePolicy.Skip : Training.Data.BadImagePolicy.Fail,
            Labels = spec.Labels ? LabelUse.Require : LabelUse.Ignore,
            CacheBytes = spec.CacheBytes,
            MostPixels = (long)Math.Min(spec.MaxMegapixels * 1e6, ImageCodec.LargestMostPixels),
        };
    }
}

/// <summary>Brings a run's state to where it was, or to its beginning.</summary>
/// <param name="request">What was asked for.</param>
/// <param name="store">Its snapshots.</param>
/// <param name="events">Told what was found.</param>
/// <param name="numerics">The fingerprint at hand.</param>
public sealed class RunStart(PreparedRun run, TrainRequest request, SnapshotStore store, EventLog events, NumericsFingerprint numerics, TimeProvider time)
{
    /// <summary>Fills the state and the sums of the tick that it lies in, and records how.</summary>
    /// <returns>Whether this is a new run.</returns>
    /// <exception cref="UserErrorException">The numerics differ from the run's, or the initial network does not fit.</exception>
    public bool Fill(TrajectoryState state, StepStatistics statistics)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        using var snapshot = Decide();
        if (snapshot is not null)
        {
            StateSections.Load(snapshot, state);
            statistics.Load(snapshot.Manifest.TickSums);
            return false;
        }
        InitialState.Fill(state, run.Record.Spec.Seed);
        if (run.Record.Init is { } init)
            NetworkFile.Initialise(state, init);
        return true;
    }

    /// <summary>Finds what the run goes on from, and records it.</summary>
    /// <returns>The newest whole snapshot; null for a new run.</returns>
    /// <exception cref="UserErrorException">The numerics differ from the run's, or no snapshot is whole.</exception>
    public OpenSnapshot? Decide()
    {
        store.CleanAsync(CancellationToken.None).GetAwaiter().GetResult();
        var search = store.OpenNewestAsync(CancellationToken.None).GetAwaiter().GetResult();
        var snapshot = search.Snapshot;
        foreach (var refused in search.Refused)
            events.Add(new SnapshotRefused(time.GetUtcNow(), refused.Name.At.Kimg, refused.Name.ToString(), refused.Reason, snapshot?.Name.ToString()));
        if (snapshot is null)
        {
            if (search.Refused.Count > 0)
            {
                throw new UserErrorException(
                    $"every snapshot in {request.Out} is damaged, so the run cannot continue; restore one from a backup, or delete {new RunFolder(request.Out).Snapshots} to start over");
            }
            Begin();
            return null;
        }
        try
        {
            Continue(snapshot);
            return snapshot;
        }
        catch
        {
            snapshot.Dispose();
            throw;
        }
    }

    private void Begin()
    {
        run.Record.Save(new RunFolder(request.Out));
        events.Add(new RunStarted(time.GetUtcNow(), 0, run.Record.Spec.Recipe, run.Record.Spec.Seed, request.Workers, numerics));
        foreach (var bad in run.Dataset.BadImages)
            events.Add(new BadImageSkipped(time.GetUtcNow(), 0, bad.Name, bad.Reason));
        foreach (var note in run.Dataset.Notes)
            events.Add(new DatasetNoted(time.GetUtcNow(), 0, note));
    }

    private void Continue(OpenSnapshot snapshot)
    {
        var differences = snapshot.Manifest.Numerics.DifferencesTo(numerics);
        if (differences.Count > 0 && !request.AcceptNewNumerics)
        {
            throw new UserErrorException(
                $"this run was computed under different numerics and would not continue with the same bits: {string.Join("; ", differences)}. "
                + "Pass --accept-new-numerics to continue anyway; the run records it");
        }
        run.Record.Save(new RunFolder(request.Out));
        double kimg = snapshot.Name.At.Kimg;
        var changes = Texts(run.Changes);
        events.Add(new RunResumed(time.GetUtcNow(), kimg, snapshot.Name.ToString(), request.Workers, changes));
        if (run.Previous is { } previous && previous.Branch != run.Record.Branch)
            events.Add(new BranchBegun(time.GetUtcNow(), kimg, run.Record.Branch, Texts(run.Changes.Where(change => change.Key.Change == ChangeClass.Branching))));
        if (differences.Count > 0)
            events.Add(new NumericsAccepted(time.GetUtcNow(), kimg, differences, numerics));
    }

    private static List<string> Texts(IEnumerable<SpecChange> changes) => [.. changes.Select(change => $"{change.Key.Name} {change.Old} -> {change.New}")];
}

/// <summary>
/// What a run's folder says about the run besides its state: <c>run.json</c>. Not part of the trajectory, and not hashed.
/// </summary>
/// <param name="Data">What the data is called.</param>
/// <param name="Spec">The whole resolved spec.</param>
/// <param name="Branch">Branch number; mixed into every random key.</param>
/// <param name="Init">The network file that the run started from, or null.</param>
/// <param name="Created">When the run began.</param>
/// <param name="Rollbacks">How often it has gone back to a snapshot.</param>
public sealed record RunRecord(string Data, RunSpec Spec, uint Branch, string? Init, DateTimeOffset Created, int Rollbacks = 0)
{
    private const int Format = 1;

    /// <summary>The record of a run that has gone back to a snapshot since this was written, if it has.</summary>
    /// <param name="branch">The branch of its newest snapshot.</param>
    public RunRecord OnBranch(uint branch) => branch > Branch ? this with { Branch = branch, Rollbacks = Rollbacks + 1 } : this;

    /// <summary>Writes the record in one atomic step.</summary>
    public void Save(RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var json = new JsonObject
        {
            ["format"] = Format,
            ["atelier"] = typeof(RunRecord).Assembly.GetName().Version?.ToString(3),
            ["created"] = Created.ToString("O"),
            ["data"] = Data,
            ["init"] = Init,
            ["branch"] = Branch,
            ["rollbacks"] = Rollbacks,
            ["spec"] = JsonNode.Parse(RunSpecJson.Write(Spec)),
        };
        Storage.AtomicFile.WriteAllText(folder.Record, json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }

    /// <summary>Reads the record of a run, or null if the folder has none.</summary>
    /// <exception cref="UserErrorException">The file is damaged or of a newer version.</exception>
    public static RunRecord? TryLoad(RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!File.Exists(folder.Record))
            return null;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(folder.Record));
            var root = document.RootElement;
            int format = root.GetProperty("format").GetInt32();
            if (format != Format)
                throw new UserErrorException($"{folder.Record} has format {format}, but this version reads format {Format}");
            return new RunRecord(
                root.GetProperty("data").GetString()!, RunSpecJson.Read(root.GetProperty("spec"), folder.Record), root.GetProperty("branch").GetUInt32(),
                root.GetProperty("init").GetString(), root.GetProperty("created").GetDateTimeOffset(),
                root.TryGetProperty("rollbacks", out var rollbacks) ? rollbacks.GetInt32() : 0);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new UserErrorException($"{folder.Record} is damaged ({e.Message.TrimEnd('.')}); restore it from a backup, or choose another --out", e);
        }
    }
}
