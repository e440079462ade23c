using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using Atelier.Core;
using Atelier.Storage.Safetensors;
using Atelier.Training.Exports;
using Atelier.Training.Tests.Data;
using Atelier.Training.Tests.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Exports;

/// <summary>Published networks come in whole, and nothing else does.</summary>
public sealed class PublishedNetworksTests : IDisposable
{
    private const string Python = "/usr/bin/python3";

    private readonly TempFolder _folder = new();
    private readonly string _network;

    public PublishedNetworksTests()
    {
        _network = Path.Combine(_folder.Path, "network.safetensors");
        using var state = SmallModel.State(SmallModel.Config(labels: 3));
        NetworkFile.Save(_network, state, ExportedNetworks.Average);
    }

    private string Output => Path.Combine(_folder.Path, "imported.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Import_PublishedPickle_EveryNumberOfIt()
    {
        var report = PublishedNetworks.Import(Write(PublishedPickle.Of(Tensors())), Output, all: false, clamp: null);

        RequireSame(_network, Output);
        Assert.Equal(["G_ema"], report.Networks);
        Assert.Equal((3, 16, (double?)null), (report.Config.LabelSize, report.Config.LatentSize, report.Config.ConvClamp));
        using var loaded = NetworkFile.LoadGenerator(Output, ScalarType.Float32, CPU);
    }

    [Fact]
    public void Import_All_EveryNetworkWithItsPrefix()
    {
        PublishedNetworks.Import(Write(PublishedPickle.Of(Tensors())), Output, all: true, clamp: null);

        using var file = SafetensorsReader.Open(Output);
        Assert.All(file.Entries, entry => Assert.StartsWith("G_ema.", entry.Name, StringComparison.Ordinal));
    }

    [Fact]
    public void Import_Clamp_OfTheArgumentsOrTheOption()
    {
        static void Clamped(PublishedPickle pickle) => pickle.Raw((byte)'}').Text("synthesis_kwargs").Raw((byte)'}').Text("conv_clamp").Number(256).Raw((byte)'s', (byte)'s');

        Assert.Equal(256, PublishedNetworks.Import(Write(PublishedPickle.Of(Tensors(), Clamped)), Output, all: false, clamp: null).Config.ConvClamp);
        Assert.Equal(64, PublishedNetworks.Import(Write(PublishedPickle.Of(Tensors())), Output, all: false, clamp: 64).Config.ConvClamp);
        using var file = SafetensorsReader.Open(Output);
        Assert.Equal("64", file.Metadata["conv_clamp"]);
    }

    [Fact]
    public void Import_WhatPythonWrites_TheSameNumbers()
    {
        Assert.SkipUnless(File.Exists(Python) && Run("-c", "import torch, numpy") == 0, $"{Python} has no torch: install the Debian package python3-torch");
        Assert.Equal(0, Run(Path.Combine(AppContext.BaseDirectory, "Exports", "make_pickles.py"), _network, _folder.Path));

        foreach (var name in (string[])["protocol3.pkl", "protocol4.pkl", "protocol5.pkl", "zip.pt", "legacy.pt", "tensorflow.pkl"])
        {
            PublishedNetworks.Import(Path.Combine(_folder.Path, name), Output, all: false, clamp: null);
            RequireSame(_network, Output);
        }
    }

    /// <summary>Files of the published code are not ours to keep: whoever has them names their folder (tests/Oracles/README.md).</summary>
    [Fact]
    public void Import_PublishedFiles_SameImagesAsThePublishedCode()
    {
        var folder = Environment.GetEnvironmentVariable("ATELIER_PUBLISHED");
        Assert.SkipWhen(folder is null, "ATELIER_PUBLISHED names no folder of NAME.pkl with NAME.images.safetensors");
        var files = Directory.GetFiles(folder!, "*.pkl");
        Assert.NotEmpty(files);
        foreach (var path in files)
        {
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            PublishedNetworks.Import(path, Output, all: false, clamp: null);
            using var loaded = NetworkFile.LoadGenerator(Output, ScalarType.Float32, CPU);
            using var expected = SafetensorsReader.Open(Path.ChangeExtension(path, ".images.safetensors"));
            Tensor Read(string name) => SafetensorsTensors.Read(expected, name);
            var generator = loaded.Network;
            var labels = generator.Config.LabelSize > 0 ? Read("c") : null;
            var images = generator.Synthesize(generator.Truncate(generator.Broadcast(generator.Map(Read("z"), labels)), 0.7), Training.Networks.NoiseInput.Constant);
            double error = (images - Read("images")).abs().max().item<float>();
            Assert.True(error < 1e-4, $"{path}: {error}");
        }
    }

    [Theory]
    [InlineData("cos\nsystem\n(S'true'\ntR.", "os.system")]
    [InlineData("cbuiltins\neval\n(S'1'\ntR.", "builtins.eval")]
    [InlineData("X\u0005\0\0\0posixX\u0006\0\0\0system\u0093(tR.", "posix.system")]
    [InlineData("ctorch\nload\n(tR.", "torch.load")]
    [InlineData("(S'true'\nios\nsystem\n.", "INST")]
    [InlineData("(cos\nsystem\no.", "os.system")]
    [InlineData("Pabc\n.", "PERSID")]
    [InlineData("\u0082\u0001.", "EXT1")]
    [InlineData("cdnnlib.util\nEasyDict\n(S'a'\ntR.", "dnnlib.util.EasyDict")]
    [InlineData("cdnnlib.tflib.tfutil\nrun\n)R.", "dnnlib.tflib.tfutil.run")]
    public void Import_AnythingElse_IsRefusedByItsName(string pickle, string name)
    {
        var message = Refused(Encoding.Latin1.GetBytes(pickle));

        Assert.Contains(name, message, StringComparison.Ordinal);
        Assert.Contains("not executed", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_ModuleThatContainsItself_SaysSo()
    {
        // A dictionary of children is remembered, given to the module, and then gets the module for a child.
        var pickle = PublishedPickle.Begin().Raw((byte)'}').Text("G_ema");
        pickle.Module("Generator", [], modules: inner => inner.Dictionary().Raw((byte)'q', 9)).Raw((byte)'q', 8);
        pickle.Raw((byte)'h', 9).Text("again").Raw((byte)'h', 8, (byte)'s', (byte)'0', (byte)'s');

        Assert.Contains("contains itself", Refused(pickle.End()), StringComparison.Ordinal);
    }

    [Fact]
    public void Import_Bombs_AreNotReadToTheEnd()
    {
        Assert.Contains("more than 4,000,000 objects", Refused(Enumerable.Repeat((byte)']', 5_000_000).ToArray()), StringComparison.Ordinal);
        Assert.Contains("nested more than 1,000 deep", Refused(Enumerable.Repeat((byte)'(', 5_000).ToArray()), StringComparison.Ordinal);
        // Two GiB of text in a file of five bytes.
        Assert.Contains("truncated", Refused([(byte)'X', 0xFF, 0xFF, 0xFF, 0x7F]), StringComparison.Ordinal);
        // A billion numbers of one.
        var repeated = PublishedPickle.Begin().Raw((byte)'}').Text("mapping.w_avg").Tensor([1 << 30], [1], stride: [0]).Raw((byte)'s').End();
        Assert.Contains("does not fit into its storage", Refused(repeated), StringComparison.Ordinal);
        var outside = PublishedPickle.Begin().Raw((byte)'}').Text("mapping.w_avg").Tensor([2], [1, 2], offset: 1).Raw((byte)'s').End();
        Assert.Contains("does not fit into its storage", Refused(outside), StringComparison.Ordinal);
    }

    [Fact]
    public void Import_CompressedArchive_IsRefused()
    {
        using var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = archive.CreateEntry("archive/data.pkl", CompressionLevel.SmallestSize).Open();
            entry.Write(new byte[100_000]);
        }

        Assert.Contains("does not compress", Refused(file.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void Import_FileCutAnywhere_IsRefused()
    {
        var whole = PublishedPickle.Of(Tensors());
        for (int length = 0; length < whole.Length; length += 1 + (length / 7))
            Refused(whole[..length]);
        Refused(whole[..^1]);
    }

    [Fact]
    public void Import_FileWithBytesFlipped_IsRefusedOrRead()
    {
        var random = new Random(1);
        var whole = PublishedPickle.Of(Tensors());
        for (int round = 0; round < 300; round++)
        {
            var damaged = whole.ToArray();
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                PublishedNetworks.Import(Write(damaged), Output, all: false, clamp: null);
            }
            catch (UserErrorException e)
            {
                Assert.Contains(_folder.Path, e.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Import_OtherNetworks_NamesWhatIsDifferent()
    {
        var tensors = Tensors();
        string Without(string name) => Refused(PublishedPickle.Of(tensors.Where(tensor => tensor.Name != name)));
        string With(string name) => Refused(PublishedPickle.Of(tensors.Append((name, [2], [1, 2]))));

        Assert.Contains("lacks 'synthesis.b8.conv0.bias'", Without("synthesis.b8.conv0.bias"), StringComparison.Ordinal);
        Assert.Contains("no tensor 'mapping.w_avg'", Without("mapping.w_avg"), StringComparison.Ordinal);
        Assert.Contains("'mapping.extra'", With("mapping.extra"), StringComparison.Ordinal);
        Assert.Contains("StyleGAN3", With("synthesis.input.weight"), StringComparison.Ordinal);
        Assert.Contains("filter", Refused(PublishedPickle.Of(tensors.Select(tensor => tensor.Name.EndsWith("resample_filter", StringComparison.Ordinal) ? (tensor.Name, tensor.Shape, new float[16]) : tensor))), StringComparison.Ordinal);
        Assert.Contains("activation=relu", Refused(PublishedPickle.Of(tensors, pickle => pickle.Raw((byte)'}').Text("activation").Text("relu").Raw((byte)'s'))), StringComparison.Ordinal);
        Assert.Contains("contains none of", Refused(PublishedPickle.Begin().Raw((byte)'}').Text("weights").Number(1).Raw((byte)'s').End()), StringComparison.Ordinal);
    }

    private string Refused(byte[] file)
    {
        var path = Write(file);
        var message = Assert.Throws<UserErrorException>(() => PublishedNetworks.Import(path, Output, all: false, clamp: null)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.False(File.Exists(Output));
        return message;
    }

    private string Write(byte[] file) => _folder.Write("network.pkl", file);

    private List<(string Name, long[] Shape, float[] Values)> Tensors()
    {
        using var file = SafetensorsReader.Open(_network);
        return [.. file.Entries.Select(entry => (entry.Name, entry.Shape.ToArray(), System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(file.ReadBytes(entry)).ToArray()))];
    }

    private static void RequireSame(string expected, string actual)
    {
        using var one = SafetensorsReader.Open(expected);
        using var other = SafetensorsReader.Open(actual);
        Assert.Equal(one.Entries.Select(entry => entry.Name).Order(StringComparer.Ordinal), other.Entries.Select(entry => entry.Name).Order(StringComparer.Ordinal));
        Assert.All(one.Entries, entry =>
        {
            Assert.Equal(entry.Shape, other[entry.Name].Shape);
            Assert.Equal(one.ReadBytes(entry), other.ReadBytes(other[entry.Name]));
        });
    }

    private static int Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Python, arguments))!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
