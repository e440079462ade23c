using System.Text.Json;
using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Training.Networks;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Oracles;

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
                throw new UserErrorException($"{file.Path}: {prefix}{entry.Name} has shape [{string.Join(',', values.shape)}], the network needs [{string.Join(',', entry.Shape)}]");
            flat.narrow(0, entry.Offset, entry.Count).copy_(values.flatten());
        }
    }

    private static NetworkArchitecture Parse(JsonElement config, string key) =>
        Enum.Parse<NetworkArchitecture>(config.GetProperty(key).GetString()!, ignoreCase: true);
}
