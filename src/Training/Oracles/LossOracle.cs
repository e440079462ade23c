using Atelier.Core.Schedules;
using Atelier.Core.Sharding;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Oracles;

/// <summary>Gradients of the four phases against <c>loss.*.safetensors</c>.</summary>
internal static class LossOracle
{
    public static IEnumerable<OracleResult> Run(OracleFile file, ScalarType precision, Device device)
    {
        using var outer = NewDisposeScope();
        using var state = OracleModel.Load(file, "", precision, device);
        var losses = new LossOptions(
            file.Metadata("r1_gamma").GetDouble(), file.Metadata("pl_weight").GetDouble(), file.Metadata("pl_decay").GetDouble(), file.Metadata("pl_batch_shrink").GetInt32());
        using var lanes = new ShardLanes(state, losses, lanes: 1);
        var labels = state.Model.Generator.LabelSize > 0 ? file["c"].to(device) : null;
        var real = file["real"].to(device);
        var inputs = new ShardInputs(new RealShard((int)real.shape[0], () => (real, labels)), new RecordedDraws(file["z"].to(device), labels, file["pl_noise"].to(device)));
        var gains = file.Metadata("gains");
        foreach (var gain in gains.EnumerateObject())
        {
            var kind = Enum.Parse<PhaseKind>(gain.Name);
            var network = kind is PhaseKind.Gmain or PhaseKind.Greg or PhaseKind.Gboth ? TrainedNetwork.Generator : TrainedNetwork.Discriminator;
            var phase = new Phase(kind, network, Interval: 1, gain.Value.GetDouble());
            var sum = lanes.Sum(phase, 1, new ShardRange(0, 1), _ => inputs, state.PhaseStart, CancellationToken.None).Single().Value;
            using (sum)
            {
                yield return Gradients(file, state, phase, sum, precision);
                if (kind == PhaseKind.Greg)
                {
                    var mean = state.Model.GeneratorBuffer.Statistic(sum, PhaseStatistic.PathLength) * losses.PathDecay; // from a mean of zero
                    var result = new OracleCase("pl_mean_after", precision);
                    result.Value("pl_mean_after", mean.view(1).cpu(), file["pl_mean_after"]);
                    yield return result.Result;
                }
            }
        }
    }

    private static OracleResult Gradients(OracleFile file, TrajectoryState state, Phase phase, Tensor sum, ScalarType precision)
    {
        using var scope = NewDisposeScope();
        var layout = phase.Network == TrainedNetwork.Generator ? state.Model.GeneratorLayout : state.Model.DiscriminatorLayout;
        var result = new OracleCase($"{phase.Kind}/grad", precision);
        foreach (var name in file.Under($"{phase.Kind}/grad/"))
        {
            var entry = layout[name];
            result.Gradient(name, sum.narrow(0, entry.Offset, entry.Count).view(entry.Shape).cpu(), file[$"{phase.Kind}/grad/{name}"]);
        }
        return result.Result;
    }
}
