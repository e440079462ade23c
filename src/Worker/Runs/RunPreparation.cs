using Atelier.Core;
using Atelier.Core.Sharding;
using Atelier.Core.Specs;
using Atelier.Training.Data;
using Atelier.Training.Exports;
using Atelier.Training.Imaging;
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
            throw new UserErrorException($"--init starts a new run, but {request.Out} already has one; use another --out, or leave --init out");
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
            return SpecChange.Decide(SpecChange.Between(previous.Spec, resolved.Spec), previous.Branch) switch
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
            throw new UserErrorException("resize needs to know the size: pass --set resolution=256 (or WIDTHxHEIGHT, as 512x384) too");
        var size = new ImageSize(spec.Resolution.Width, spec.Resolution.Height);
        return new DatasetOptions
        {
            Resize = resizes ? size : null,
            Background = RgbColor.TryParse(spec.Background, out var background)
                ? background
                : throw new UserErrorException($"background '{spec.Background}' is no colour; write it as RRGGBB"),
            BadImages = spec.BadImages == Core.Specs.BadImagePolicy.Skip ? Training.Data.BadImagePolicy.Skip : Training.Data.BadImagePolicy.Fail,
            Labels = spec.Labels ? LabelUse.Require : LabelUse.Ignore,
            CacheBytes = spec.CacheBytes,
            MostPixels = (long)Math.Min(spec.MaxMegapixels * 1e6, ImageCodec.LargestMostPixels),
        };
    }
}
