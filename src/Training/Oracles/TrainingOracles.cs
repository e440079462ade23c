using System.Text.Json;
using Atelier.Core;
using Atelier.Core.Randomness;
using Atelier.Core.Schedules;
using Atelier.Core.Sharding;
using Atelier.Core.Specs;
using Atelier.Training.Interop;
using Atelier.Training.Networks;
using Atelier.Training.Randomness;
using Atelier.Training.Step;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;

namespace Atelier.Training.Oracles;

/// <summary>Forward passes of both networks against <c>network.*.safetensors</c>.</summary>
internal static class NetworkOracle
{
    public static IEnumerable<OracleResult> Run(OracleFile file, ScalarType precision, Device device)
    {
        using var outer = NewDisposeScope();
        using var state = OracleModel.Load(file, "", precision, device);
        var generator = new Generator(new NetworkViews(state.Model.GeneratorLayout, state.Generator), state.Model.Generator);
        var discriminator = new Discriminator(new NetworkViews(state.Model.DiscriminatorLayout, state.Discriminator), state.Model.Discriminator);
        var truncation = file.Metadata("truncation");
        var labels = state.Model.Generator.LabelSize > 0 ? file["c"].to(device) : null;
        using var _ = no_grad();

        var styles = generator.Broadcast(generator.Map(file["z"].to(device), labels));
        yield return Check("ws", styles);
        int? cutoff = truncation.TryGetProperty("cutoff", out var value) && value.ValueKind == System.Text.Json.JsonValueKind.Number ? value.GetInt32() : null;
        yield return Check("ws_truncated", generator.Truncate(styles, truncation.GetProperty("psi").GetDouble(), cutoff));
        var image = generator.Synthesize(styles, NoiseInput.Constant);
        yield return Check("img_const", image);
        yield return Check("img_none", generator.Synthesize(styles, NoiseInput.None));
        yield return Check("logits_real", discriminator.Forward(file["real"].to(device), labels));
        yield return Check("logits_fake", discriminator.Forward(image, labels));

        OracleResult Check(string name, Tensor actual)
        {
            var result = new OracleCase(name, precision);
            result.Value(name, actual.cpu(), file[name]);
            return result.Result;
        }
    }
}

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
                    var mean = state.Model.GeneratorBuffer.Statistic(sum, PhaseStatistic.PathLength).Times(losses.PathDecay); // from a mean of zero
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

/// <summary>Builds the networks that a reference file describes.</summary>
internal static class OracleModel
{
    /// <summary>The networks of the file's <c>config</c>.</summary>
    public static ModelConfig Config(OracleFile file)
    {
        var config = file.Metadata("config");
        int Number(string key) => config.GetProperty(key).GetInt32();
        var shape = new ImageShape(Number("res"), Number("res"));
        return new ModelConfig(
            new GeneratorConfig(shape, Number("zdim"), Number("wdim"), Number("c_dim"), Number("base"), Number("cmax"), Number("maps"), Parse(config, "garch")),
            new DiscriminatorConfig(shape, Number("c_dim"), Number("base"), Number("cmax"), Parse(config, "darch"), MinibatchGroup: Number("mbstd")));
    }

    /// <summary>A state with the weights <c>{prefix}G.*</c> and <c>{prefix}D.*</c>; G_ema starts as G.</summary>
    public static TrajectoryState Load(OracleFile file, string prefix, ScalarType precision, Device device)
    {
        var state = new TrajectoryState(Config(file), precision, device);
        Fill(file, prefix + "G.", state.Generator, state.Model.GeneratorLayout);
        Fill(file, prefix + "D.", state.Discriminator, state.Model.DiscriminatorLayout);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        state.GeneratorAverage.copy_(state.Generator);
        return state;
    }

    private static void Fill(OracleFile file, string prefix, Tensor flat, NetworkLayout layout)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var entry in layout.Entries)
        {
            var values = file[prefix + entry.Name];
            if (!values.shape.SequenceEqual(entry.Shape))
                throw new UserErrorException($"{file.Path}: {prefix}{entry.Name} has shape [{string.Join(',', values.shape)}], but the network needs [{string.Join(',', entry.Shape)}]");
            flat.narrow(0, entry.Offset, entry.Count).copy_(values.flatten());
        }
    }

    private static NetworkArchitecture Parse(JsonElement config, string key) =>
        Enum.Parse<NetworkArchitecture>(config.GetProperty(key).GetString()!, ignoreCase: true);
}

/// <summary>The draws that a reference file recorded: no style mixing, constant noise.</summary>
internal sealed class RecordedDraws(Tensor latents, Tensor? labels, Tensor pathNoise) : IShardDraws
{
    public NoiseInput Noise => NoiseInput.Constant;

    public DrawKey Augmentation => throw new InvalidOperationException("the reference values were made without augmentation");

    public Tensor Latents(int count) => latents.narrow(0, 0, count);

    public Tensor? Labels(int count) => labels?.narrow(0, 0, count);

    public int? MixingCutoff(int styleCount) => null;

    public Tensor SecondLatents(int count) => throw new InvalidOperationException("the reference values were made without style mixing");

    public Tensor PathNoise(long[] shape) => pathNoise.view(shape);
}
