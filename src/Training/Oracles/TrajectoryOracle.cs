using Atelier.Core.Schedules;
using Atelier.Training.Networks;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Oracles;

/// <summary>Whole iterations of training, on one shard or several, against <c>trajectory*.safetensors</c>.</summary>
internal static class TrajectoryOracle
{
    public static IEnumerable<OracleResult> Run(OracleFile file, ScalarType precision, Device device)
    {
        using var outer = NewDisposeScope();
        using var state = OracleModel.Load(file, "init.", precision, device);
        int shards = file.HasMetadata("shards") ? file.Metadata("shards").GetInt32() : 1;
        var options = Options(file);
        using var lanes = new ShardLanes(state, options.Losses, lanes: Math.Min(2, shards));
        using var statistics = new StepStatistics(device);
        var step = new TrainStep(lanes, new SoloReduction(shards), options);
        for (int i = 0; i < file.Metadata("steps").GetInt32(); i++)
        {
            using var scope = NewDisposeScope();
            var inputs = new StepInputs(file, i, shards, options.Batch / shards, state.Model.Generator.LabelSize > 0, device);
            step.Run(state, inputs.Of, statistics, CancellationToken.None);
        }
        yield return Weights(file, "G", state.Generator, state.Model.GeneratorLayout, precision);
        yield return Weights(file, "D", state.Discriminator, state.Model.DiscriminatorLayout, precision);
        yield return Weights(file, "G_ema", state.GeneratorAverage, state.Model.GeneratorLayout, precision);
        var mean = new OracleCase("final/pl_mean", precision);
        mean.Gradient("pl_mean", state.PathLengthMean.cpu(), file["final.pl_mean"]);
        yield return mean.Result;
    }

    private static StepOptions Options(OracleFile file)
    {
        double Number(string key) => file.Metadata(key).GetDouble();
        var betas = file.Metadata("betas");
        var losses = new LossOptions(Number("r1_gamma"), Number("pl_weight"), Number("pl_decay"), file.Metadata("pl_batch_shrink").GetInt32());
        var adam = new AdamHyper(Number("lr"), betas[0].GetDouble(), betas[1].GetDouble(), Number("eps"));
        var generator = new LazyRegularisation(file.Metadata("g_reg_interval").GetInt32());
        var discriminator = new LazyRegularisation(file.Metadata("d_reg_interval").GetInt32());
        return new StepOptions(
            file.Metadata("batch").GetInt32(),
            PhaseSchedule.Build(generator, losses.PathWeight, discriminator, losses.Gamma),
            losses,
            generator.Adjust(adam),
            discriminator.Adjust(adam),
            Number("ema_kimg"),
            file.HasMetadata("ema_rampup") ? Number("ema_rampup") : null);
    }

    private static OracleResult Weights(OracleFile file, string network, Tensor flat, NetworkLayout layout, ScalarType precision)
    {
        using var scope = NewDisposeScope();
        var result = new OracleCase($"final/{network}", precision);
        foreach (var entry in layout.Entries)
            result.Gradient(entry.Name, flat.narrow(0, entry.Offset, entry.Count).view(entry.Shape).cpu(), file[$"final.{network}.{entry.Name}"]);
        return result.Result;
    }

    /// <summary>The recorded inputs of one iteration, cut into shards.</summary>
    private sealed class StepInputs(OracleFile file, int step, int shards, int shardSize, bool labelled, Device device)
    {
        private readonly Tensor _real = file[$"step{step:00}/real"].to(device); // [batch,3,H,W]
        private readonly Tensor _latents = file[$"step{step:00}/z"].to(device); // [phases,batch,Z]
        private readonly Tensor _pathNoise = file[$"step{step:00}/pl_noise"].to(device); // [shards,n/2,3,H,W] or [n/2,3,H,W]
        private readonly Tensor? _labels = labelled ? file[$"step{step:00}/c"].to(device) : null; // [batch,C]

        public ShardInputs Of(Phase phase, int shard)
        {
            Tensor Rows(Tensor all) => all.narrow(0, (long)shard * shardSize, shardSize);
            var labels = _labels is null ? null : Rows(_labels);
            var noise = shards == 1 && _pathNoise.dim() == 4 ? _pathNoise : _pathNoise.select(0, shard);
            return new ShardInputs(new RealShard(shardSize, () => (Rows(_real), labels)), new RecordedDraws(Rows(_latents.select(0, (int)phase.Kind - (int)PhaseKind.Gmain)), labels, noise));
        }
    }
}
