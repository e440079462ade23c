using Atelier.Core.Specs;
using Atelier.Training.Analysis;
using Atelier.Training.Exports;
using Atelier.Training.Interop;
using Atelier.Training.Networks;
using Atelier.Training.Tests.Data;
using Atelier.Training.Tests.Step;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Exports;

/// <summary>ONNX Runtime draws what Atelier draws.</summary>
public sealed class OnnxFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(NetworkArchitecture.Skip, 16, 16, 0)]
    [InlineData(NetworkArchitecture.Skip, 16, 12, 3)]
    [InlineData(NetworkArchitecture.Resnet, 16, 16, 0)]
    [InlineData(NetworkArchitecture.Orig, 16, 16, 0)]
    public void Save_Generator_SameImagesInOnnxRuntime(NetworkArchitecture architecture, int width, int height, int labels)
    {
        var path = Path.Combine(_folder.Path, "generator.onnx");
        var model = SmallModel.Config(width, height, architecture, labels);
        model = new Training.Step.ModelConfig(model.Generator with { ConvClamp = 2 }, model.Discriminator);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var state = SmallModel.State(model);
        // What is zero in a new network: noise, biases, the mean of w.
        manual_seed(2);
        state.GeneratorAverage.add_(randn_like(state.GeneratorAverage).Times(0.1), TensorArithmetic.Number(1));
        using var network = NetworkFile.Use(state, CPU);
        OnnxFile.Save(path, network);
        using var session = new InferenceSession(path);

        var pictures = new NetworkPictures(network.Network);
        var z = pictures.Latents([0, 1, 2]);
        foreach (double psi in (double[])[1, 0.5])
        {
            var expected = network.Network.Synthesize(pictures.Styles(z, labels > 0 ? 1 : null, psi), NoiseInput.Constant);
            var inputs = new List<NamedOnnxValue> { NamedOnnxValue.CreateFromTensor("z", new DenseTensor<float>(z.data<float>().ToArray(), [3, 16])) };
            if (labels > 0)
                inputs.Add(NamedOnnxValue.CreateFromTensor("c", new DenseTensor<float>(NetworkPictures.Labels(model.Generator, 1, 3, CPU)!.data<float>().ToArray(), [3, labels])));
            if (psi != 1)
                inputs.Add(NamedOnnxValue.CreateFromTensor("truncation", new DenseTensor<float>(new[] { (float)psi }, Array.Empty<int>())));
            using var results = session.Run(inputs);
            var drawn = results.Single(result => result.Name == "image").AsTensor<float>().ToDenseTensor();

            Assert.Equal(expected.shape, drawn.Dimensions.ToArray().Select(size => (long)size));
            Assert.True(expected.std().item<float>() > 0.05, "the images are flat");
            double error = (tensor(drawn.Buffer.ToArray(), expected.shape) - expected).abs().max().item<float>();
            Assert.True(error < 1e-4, $"{error}");
        }
    }
}
