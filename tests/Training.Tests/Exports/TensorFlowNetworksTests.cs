using Atelier.Core;
using Atelier.Storage.Safetensors;
using Atelier.Training.Exports;
using Atelier.Training.Networks;
using Atelier.Training.Tests.Data;
using Atelier.Training.Tests.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Exports;

/// <summary>Networks that the TensorFlow trainers pickled come in as the definition there says, and others do not.</summary>
public sealed class TensorFlowNetworksTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly TensorFlowModel _model = new();

    private string Output => Path.Combine(_folder.Path, "imported.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Import_TensorFlowPickle_DrawsTheImagesOfItsDefinition()
    {
        var report = Import(all: false);

        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var loaded = NetworkFile.LoadGenerator(Output, ScalarType.Float32, CPU);
        var generator = loaded.Network;
        foreach (var seed in (int[])[0, 1])
        {
            var z = TensorFlowModel.LatentOf(seed);
            var image = generator.Synthesize(generator.Truncate(generator.Broadcast(generator.Map(tensor(z, [1, z.Length]), null)), 0.7), NoiseInput.Constant);
            var expected = tensor(_model.Image(z, 0.7).SelectMany(plane => plane).ToArray(), [1, 3, 16, 16]);
            double error = (image.to(ScalarType.Float64) - expected).abs().max().item<double>(), size = expected.abs().max().item<double>();
            Assert.True(error < 1e-5 * size, $"error {error} of {size}");
        }
        Assert.Equal(["G_ema"], report.Networks);
        Assert.Equal(["G", "D"], report.Others);
        Assert.Equal((16, 6, 5, 0, (double?)null), (report.Config.Shape.Width, report.Config.LatentSize, report.Config.StyleSize, report.Config.LabelSize, report.Config.ConvClamp));
    }

    [Fact]
    public void Import_All_DiscriminatorWithTheNumbersAndNamesOfOurs()
    {
        var config = SmallModel.Config();
        using var state = SmallModel.State(config);
        string ours = Path.Combine(_folder.Path, "ours.safetensors");
        NetworkFile.Save(ours, state, ExportedNetworks.All);
        using var expected = SafetensorsReader.Open(ours);
        var discriminator = expected.Entries.Where(entry => entry.Name.StartsWith("D.", StringComparison.Ordinal)).ToList();
        foreach (var entry in discriminator.Where(entry => !entry.Name.EndsWith("filter", StringComparison.Ordinal)))
            AddToDiscriminator(entry.Name[2..].Split('.'), SafetensorsTensors.Read(expected, entry.Name));

        var report = Import(all: true);

        using var actual = SafetensorsReader.Open(Output);
        Assert.Equal(["G_ema", "G", "D"], report.Networks);
        Assert.Equal(discriminator.Select(entry => entry.Name).Order(), actual.Entries.Select(entry => entry.Name).Where(name => name.StartsWith("D.", StringComparison.Ordinal)).Order());
        Assert.All(discriminator, entry => Assert.Equal(expected.ReadBytes(entry), actual.ReadBytes(actual[entry.Name])));
        Assert.Equal(Generator.LayoutOf(report.Config).FilterNames.Order(), actual.Entries.Select(entry => entry.Name).Where(name => name.StartsWith("G.", StringComparison.Ordinal) && name.EndsWith("filter", StringComparison.Ordinal)).Select(name => name[2..]).Order());
    }

    [Fact]
    public void Import_ConvClamp_OfTheArguments()
    {
        _model.Arguments = pickle => pickle.Text("conv_clamp").Number(256).Text("fmap_base").Number(64);

        Assert.Equal(256, Import(all: false).Config.ConvClamp);
    }

    [Fact]
    public void Import_OtherTensorFlowNetworks_NamesWhatIsDifferent()
    {
        Assert.Contains("no tensor 'mapping.fc0.weight'", Refused(model => model.Mapping.Clear()), StringComparison.Ordinal);
        Assert.Contains("configurations A to D", Refused(model => model.Synthesis["ToRGB_lod0/weight"] = ([1, 1, 2, 3], new float[6])), StringComparison.Ordinal);
        Assert.Contains("labels", Refused(model => model.Mapping["LabelConcat/weight"] = ([3, 6], new float[18])), StringComparison.Ordinal);
        Assert.Contains("version 3", Refused(model => model.Version = 3), StringComparison.Ordinal);
        Assert.Contains("built by G_style", Refused(model => model.Function = "G_style"), StringComparison.Ordinal);
        Assert.Contains("nonlinearity=relu", Refused(model => model.Arguments = pickle => pickle.Text("nonlinearity").Text("relu")), StringComparison.Ordinal);
        Assert.Contains("the argument attention", Refused(model => model.Arguments = pickle => pickle.Text("attention").Number(1)), StringComparison.Ordinal);
        Assert.Contains("resample_kernel=[]", Refused(model => model.Arguments = pickle => pickle.Text("resample_kernel").Raw((byte)']')), StringComparison.Ordinal);
        Assert.Contains("8x8/Attention/weight", Refused(model => model.Synthesis["8x8/Attention/weight"] = ([1], [1])), StringComparison.Ordinal);
        Assert.Contains("type f8", Refused(model => model.NumberType = "f8"), StringComparison.Ordinal);
        Assert.Contains("4 dimensions", Refused(model => model.Synthesis["8x8/Conv1/weight"] = ([3, 3], new float[9])), StringComparison.Ordinal);
        Assert.Contains("has 1 numbers", Refused(model => model.Own["dlatent_avg"] = ([0], [1])), StringComparison.Ordinal);
        Assert.Contains("lacks 'synthesis.b8.conv0.bias'", Refused(model => model.Synthesis.Remove("8x8/Conv0_up/bias")), StringComparison.Ordinal);
    }

    [Fact]
    public void Import_AllOfNetworksWithLabels_SaysThatTheGeneratorAloneIsRead()
    {
        _model.Arguments = pickle => pickle.Text("label_size").Number(3);

        Assert.Contains("without --all", Assert.Throws<UserErrorException>(() => Import(all: true)).Message, StringComparison.Ordinal);
        Assert.Equal(["G_ema"], Import(all: false).Networks);
    }

    [Fact]
    public void Import_FileCutAnywhereOrWithBytesFlipped_IsRefusedOrRead()
    {
        var whole = _model.ToPickle();
        for (int length = 0; length < whole.Length; length += 1 + (length / 9))
            Assert.Throws<UserErrorException>(() => Import(whole[..length], all: false));
        var random = new Random(1);
        for (int round = 0; round < 200; round++)
        {
            var damaged = whole.ToArray();
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                Import(damaged, all: true);
            }
            catch (UserErrorException e)
            {
                Assert.Contains(_folder.Path, e.Message, StringComparison.Ordinal);
            }
        }
    }

    private ImportReport Import(bool all) => Import(_model.ToPickle(), all);

    private ImportReport Import(byte[] file, bool all) => PublishedNetworks.Import(_folder.Write("network.pkl", file), Output, all, clamp: null);

    private string Refused(Action<TensorFlowModel> change)
    {
        var model = new TensorFlowModel();
        change(model);
        return Assert.Throws<UserErrorException>(() => Import(model.ToPickle(), all: false)).Message;
    }

    // Weights of TensorFlow have their inputs before their outputs.
    private void AddToDiscriminator(string[] path, Tensor value)
    {
        int size = int.Parse(path[0][1..], System.Globalization.CultureInfo.InvariantCulture);
        string layer = path[1] switch { "fromrgb" => "FromRGB", "conv0" => "Conv0", "conv1" => "Conv1_down", "skip" => "Skip", "conv" => "Conv", "fc" => "Dense0", _ => "Output" };
        var turned = value.dim() switch { 4 => value.permute(2, 3, 1, 0), 2 => value.t(), _ => value };
        _model.Discriminator[$"{(layer == "Output" ? "" : $"{size}x{size}/")}{layer}/{path[2]}"] = (turned.shape, turned.contiguous().data<float>().ToArray());
    }
}
