using System.Text.Json;
using Atelier.Core;
using Atelier.Training.Interop;
using Atelier.Training.Ops;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;

namespace Atelier.Training.Oracles;

/// <summary>Value, gradient and gradient of gradient of each op against <c>ops.safetensors</c>.</summary>
internal static class OpsOracle
{
    public static IEnumerable<OracleResult> Run(OracleFile file, ScalarType precision, Device device)
    {
        foreach (var name in file.Names.Where(name => name.EndsWith("/out", StringComparison.Ordinal)).Select(name => name[..^"/out".Length]).Order(StringComparer.Ordinal))
            yield return Case(file, name, precision, device);
    }

    private static OracleResult Case(OracleFile file, string name, ScalarType precision, Device device)
    {
        using var scope = NewDisposeScope();
        var inputs = file.Under(name + "/in/").Order(StringComparer.Ordinal)
            .ToDictionary(input => input, input => file[$"{name}/in/{input}"].to(device).requires_grad_(), StringComparer.Ordinal);
        var filter = file.Has(name + "/filter") ? file[name + "/filter"].to(device) : null;
        var result = new OracleCase(name, precision);
        var output = Apply(name, file.HasMetadata(name) ? file.Metadata(name) : default, inputs, filter);
        result.Value("out", output.cpu(), file[name + "/out"]);

        var leaves = inputs.Values.ToArray();
        var gradients = DifferentiationScope.Gradients([output], leaves, [file[name + "/v"].to(device)], createGraph: true);
        foreach (var (input, gradient) in inputs.Keys.Zip(gradients).Where(pair => file.Has($"{name}/grad/{pair.First}")))
            result.Gradient($"grad/{input}", OrZero(gradient, inputs[input]).cpu(), file[$"{name}/grad/{input}"]);
        if (!file.Under(name + "/gradgrad/").Any())
            return result.Result;

        var squares = gradients.Where(gradient => gradient is { requires_grad: true }).Select(gradient => gradient!.Squared().sum()).ToArray();
        var second = squares.Length == 0 ? new Tensor?[leaves.Length] : DifferentiationScope.Gradients([squares.Aggregate((a, b) => a.Plus(b))], leaves);
        foreach (var (input, gradient) in inputs.Keys.Zip(second).Where(pair => file.Has($"{name}/gradgrad/{pair.First}")))
            result.Gradient($"gradgrad/{input}", OrZero(gradient, inputs[input]).cpu(), file[$"{name}/gradgrad/{input}"]);
        return result.Result;
    }

    private static Tensor Apply(string name, JsonElement arguments, Dictionary<string, Tensor> inputs, Tensor? filter) => name.Split('.')[0] switch
    {
        "upfirdn2d" => Upfirdn2d.Apply(
            inputs["x"], filter, Pair(arguments, "up"), Pair(arguments, "down"), Padding(arguments), Flag(arguments, "flip_filter", false), Number(arguments, "gain") ?? 1),
        "bias_act" => PublishedOps.BiasAct(
            inputs["x"], inputs.GetValueOrDefault("b"), (int)(Number(arguments, "dim") ?? 1), ActivationOf(arguments.GetProperty("act").GetString()!),
            Number(arguments, "alpha"), Number(arguments, "gain"), Number(arguments, "clamp")),
        "conv2d_resample" => PublishedOps.Conv2dResample(
            inputs["x"], inputs["w"], filter, (int)(Number(arguments, "up") ?? 1), (int)(Number(arguments, "down") ?? 1), (int)(Number(arguments, "padding") ?? 0),
            (int)(Number(arguments, "groups") ?? 1), Flag(arguments, "flip_weight", true)),
        "modulated_conv2d" => PublishedOps.ModulatedConv2d(
            inputs["x"], inputs["w"], inputs["s"], inputs.GetValueOrDefault("noise"), (int)(Number(arguments, "up") ?? 1), (int)(Number(arguments, "padding") ?? 0),
            filter, Flag(arguments, "demodulate", true), Flag(arguments, "flip_weight", true)),
        "minibatch_std" => MinibatchStd.Apply(inputs["x"], (int?)Number(arguments, "group_size"), (int)(Number(arguments, "num_channels") ?? 1)),
        var other => throw new UserErrorException($"the case '{name}' has the unknown op '{other}'"),
    };

    private static Tensor OrZero(Tensor? gradient, Tensor like) => gradient ?? zeros_like(like);

    private static (int X, int Y) Pair(JsonElement arguments, string key)
    {
        if (!arguments.TryGetProperty(key, out var value))
            return (1, 1);
        return value.ValueKind == JsonValueKind.Array ? (value[0].GetInt32(), value[1].GetInt32()) : (value.GetInt32(), value.GetInt32());
    }

    private static Padding2d Padding(JsonElement arguments)
    {
        if (!arguments.TryGetProperty("padding", out var value))
            return default;
        if (value.ValueKind == JsonValueKind.Number)
            return new Padding2d(value.GetInt32(), value.GetInt32(), value.GetInt32(), value.GetInt32());
        int At(int i) => value[value.GetArrayLength() == 4 ? i : i / 2].GetInt32();
        return new Padding2d(At(0), At(1), At(2), At(3));
    }

    private static double? Number(JsonElement arguments, string key) =>
        arguments.ValueKind == JsonValueKind.Object && arguments.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static bool Flag(JsonElement arguments, string key, bool otherwise) =>
        arguments.ValueKind == JsonValueKind.Object && arguments.TryGetProperty(key, out var value) ? value.GetBoolean() : otherwise;

    private static Activation ActivationOf(string name) => name switch
    {
        "lrelu" => Activation.LeakyRelu,
        _ => Enum.Parse<Activation>(name, ignoreCase: true),
    };
}
