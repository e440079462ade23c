using Atelier.Training.Networks;
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
