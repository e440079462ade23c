using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Runs;
using Atelier.Core.Sharding;
using Atelier.Core.Specs;
using Atelier.Protos;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Atelier.Training.Data;
using Atelier.Training.Randomness;
using Atelier.Training.Step;
using Atelier.Worker.Loop;
using Atelier.Worker.Runs;
using static TorchSharp.torch;

namespace Atelier.Worker.Session;

/// <summary>What a worker keeps of a run from one generation to the next: its data, its state, its lanes, who listens.</summary>
internal sealed class RunContext : IDisposable
{
    private readonly RunIdentity _identity;
    private readonly Device _device = null!;

    /// <summary>Checks the run's data and makes room for its state.</summary>
    /// <param name="dataset">Its data; disposed with this, also when this throws.</param>
    /// <param name="preparation">Told of steps.</param>
    /// <exception cref="UserErrorException">The run is not one for this worker, or its data is not what the run was made with.</exception>
    public RunContext(RunIdentity identity, ImageDataset dataset, WorkerOptions options, Preparation preparation)
    {
        (_identity, Dataset) = (identity, dataset);
        try
        {
            Spec = identity.Spec();
            Location = StoreLocation.Parse(identity.RunStore);
            Folder = Location is StoreLocation.Folder folder ? new RunFolder(folder.Path) : null;
            if (Spec.DataDigest.Length > 0 && Spec.DataDigest != Dataset.ContentHash)
                throw new UserErrorException($"{identity.DataPath} is not the dataset that this run was started with: images or labels differ (SHA-256 {Dataset.ContentHash}, the run has {Spec.DataDigest})");
            preparation.Begin(PrepareStep.WarmingUp);
            _device = options.Device.ToTorch();
            State = new TrajectoryState(Spec.ToModel(), ScalarType.Float32, _device);
            Lanes = new ShardLanes(State, Spec.ToStep().Losses, Math.Min(options.Lanes, Spec.Shards));
            Statistics = new StepStatistics(_device);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Run => _identity.Run;

    public RunSpec Spec { get; } = null!;

    public ImageDataset Dataset { get; }

    /// <summary>Its state, as far as this worker has come.</summary>
    public TrajectoryState State { get; } = null!;

    /// <summary>Compute its shards.</summary>
    public ShardLanes Lanes { get; } = null!;

    /// <summary>What the phases reported since the last tick.</summary>
    public StepStatistics Statistics { get; } = null!;

    /// <summary>Where its snapshots are.</summary>
    public StoreLocation Location { get; } = null!;

    /// <summary>Its folder; null where the store is none.</summary>
    public RunFolder? Folder { get; }

    public uint Branch => _identity.Branch;

    /// <summary>A network file that it starts from; null for none.</summary>
    public string? Init => _identity.InitPath.Length > 0 ? _identity.InitPath : null;

    /// <summary>What keys its draws.</summary>
    public RunKeys Keys => new(Spec.Seed, Branch);

    /// <summary>Its snapshots.</summary>
    public SnapshotStore Store(TimeProvider time) => new(Location.Open(), time);

    /// <summary>Whether this is the run's context: a changed spec or branch needs another one.</summary>
    public bool Fits(RunIdentity identity) => identity == _identity;

    /// <summary>Its snapshots, for the step that loads one: reading is told as progress, and ends with a halt.</summary>
    public SnapshotStore Store(TimeProvider time, Preparation preparation, CancellationToken halt) =>
        new(new MeteredBlobStore(Location.Open(), preparation.Advance, halt), time);

    /// <summary>What the draws of its shards have in common.</summary>
    public DrawSource Draws() => new(
        Spec.ZDim, Spec.LabelDim, Dataset.Count, (image, label) => Dataset.CopyLabel((int)image, label), Spec.StyleMixing, RandomNoise: true, ScalarType.Float32, _device);

    /// <summary>Inputs of a range of its shards; disposed by the caller.</summary>
    public StepInputs Inputs(Core.Sharding.ShardRange held) => new(Dataset, Keys, Draws(), held, Spec.Minibatches, Spec.Shards, Spec.Mirror);

    /// <summary>The record that its folder begins with.</summary>
    public RunRecord Record(DateTimeOffset now) => new(_identity.DataPath, Spec, Branch, Init, now);

    /// <summary>What a snapshot of the present state says.</summary>
    /// <param name="state">A state of the run.</param>
    /// <param name="hash">Its hash.</param>
    /// <param name="numerics">The worker's fingerprint.</param>
    public SnapshotContent Content(TrajectoryState state, string hash, NumericsFingerprint numerics) => new(
        new ImageCount(state.ImageCount), state.Iteration, Branch, Spec, Training.Snapshots.StateSections.Describe(state), hash, numerics);

    /// <inheritdoc/>
    public void Dispose()
    {
        Statistics?.Dispose();
        Lanes?.Dispose();
        State?.Dispose();
        Dataset.Dispose();
    }
}

/// <summary>Generations, as messages have them.</summary>
internal static class PlanMessages
{
    /// <summary>The generation that is to be prepared.</summary>
    public static GenerationPlan ToPlan(Prepare order) => new(
        new GenerationId(order.Generation),
        [.. order.Members.Select(member => new GenerationMember(new WorkerId(member.Worker), member.Incarnation, new Rank(member.Rank), new ShardRange(member.ShardFirst, member.ShardEnd)))],
        order.Start.ToVersion(),
        new StateSource(order.Origin switch
        {
            Protos.StateOrigin.Worker => Core.Fleet.Generations.StateOrigin.Worker,
            Protos.StateOrigin.Snapshot => Core.Fleet.Generations.StateOrigin.Snapshot,
            _ => Core.Fleet.Generations.StateOrigin.Seed,
        }),
        new Position(order.LimitIteration, 0));
}

/// <summary>Looks at a data set for a run that is being submitted.</summary>
internal static class DataInspection
{
    /// <summary>What is there, or why it cannot be used.</summary>
    public static DataFacts Inspect(InspectData question, WorkerOptions options)
    {
        try
        {
            var spec = RunSpecJson.Read(question.SpecJson, "the spec");
            using var dataset = ImageDataset.Open(options.OpenData(question.DataPath), RunPreparation.OptionsOf(spec));
            return new DataFacts
            {
                Request = question.Request,
                Width = dataset.Resolution.Width,
                Height = dataset.Resolution.Height,
                LabelDim = dataset.LabelDim,
                Images = dataset.Count,
                ContentSha256 = dataset.ContentHash,
            };
        }
        catch (Exception e) when (e is UserErrorException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return new DataFacts { Request = question.Request, Error = e.Message };
        }
    }
}
