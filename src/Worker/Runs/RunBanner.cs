using System.Globalization;
using Atelier.Core;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Training.Data;
using Atelier.Training.Networks;
using Atelier.Training.Numerics;
using Atelier.Training.Ops;
using Atelier.Training.Step;

namespace Atelier.Worker.Runs;

/// <summary>What a run is, for the lines that it begins with.</summary>
/// <param name="Rows">Names and what there is to say of them.</param>
/// <param name="Folder">The run's folder.</param>
public sealed record RunBanner(IReadOnlyList<(string Name, string Text)> Rows, string Folder)
{
    /// <summary>The banner of a run that is about to train.</summary>
    /// <param name="from">Images shown so far.</param>
    /// <param name="lanes">Shards computed at once in each worker.</param>
    public static RunBanner Of(PreparedRun run, TrainRequest request, ImageCount from, int lanes)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(request);
        var (spec, data) = (run.Record.Spec, run.Dataset);
        var model = spec.ToModel();
        string labels = data.DescribeLabels() is { } used ? $"labels: {used}, used" : data.UnusedLabels is not null ? "labels: ignored (--set labels=true uses them)" : "no labels";
        string folder = Path.GetFullPath(request.Out);
        return new RunBanner(
        [
            ("images", Invariant($"{data.Count:#,0} at {spec.Resolution.Width}x{spec.Resolution.Height} from {request.DataName}{(spec.Mirror ? ", mirrored too" : "")}; {labels}")),
            ("networks", Invariant($"generator {Parameters(model.GeneratorLayout):#,0} parameters, discriminator {Parameters(model.DiscriminatorLayout):#,0}")),
            ("training", Invariant($"recipe {spec.Recipe}, batch {spec.Batch} in shards of {spec.Shard}, gamma {spec.Gamma:0.####}, learning rate {spec.Lr:0.#####}, {Augmentation(spec)}")),
            ("length", Invariant($"{spec.Kimg:#,0.###} kimg{(from > ImageCount.Zero ? $", continuing at {from.Kimg:0.###}" : "")}")),
            ("device", Invariant($"{Device(request.Device)}; {Counted.Of(request.Workers, "worker")}, {Counted.Of(lanes, "shard")} in parallel each, {Counted.Of(spec.Threads, "thread")} per shard")),
            ("folder", folder),
            ("watch", $"pictures in {Path.Combine(request.Out, RunFileNames.Samples)} and curves.png; log.txt; tensorboard --logdir {request.Out}"),
        ], folder);
    }

    /// <summary>The lines.</summary>
    public IEnumerable<string> Lines()
    {
        int width = Rows.Max(row => row.Name.Length);
        return Rows.Select(row => $"{row.Name.PadRight(width)}  {row.Text}");
    }

    private static string Augmentation(RunSpec spec) => spec.Aug == AugmentationMode.None
        ? "no augmentation" : $"augmentation {SpecKeys.Find("aug").Format(spec)} ({SpecKeys.Find("augpipe").Format(spec)})";

    private static string Device(ComputeDevice device) => OpKernels.WhyPlain(device) is null ? $"{device}, kernels for {OpKernels.RunsOn(device)}" : $"{device}, without Atelier's kernels";

    private static long Parameters(NetworkLayout layout) => layout.Entries.Where(entry => entry.IsParameter).Sum(entry => entry.Count);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
