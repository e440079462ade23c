namespace Atelier.Kernels.Tests;

public sealed unsafe class OptimizerUpdateTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(100003)]
    public void Step_SeveralStepsWithNonFiniteGradients_IsAdam(int count)
    {
        const double LearningRate = .002, Beta1 = .3, Beta2 = .99, Epsilon = 1e-8, Scale = .25;
        using Floats start = Floats.Random(count, 1);
        double[] p = [.. Enumerable.Range(0, count).Select(i => start[i])], m = new double[count], v = new double[count];
        var gradients = Enumerable.Range(0, 4).Select(step => Floats.Random(count, 10 + step)).ToArray();
        foreach (var gradient in gradients)
        {
            gradient.Span[count / 2] = float.NaN;
            gradient.Span[count - 1] = float.NegativeInfinity;
            gradient.Span[count / 3] = float.PositiveInfinity;
        }
        for (int step = 1; step <= gradients.Length; step++)
        {
            for (int i = 0; i < count; i++)
            {
                double g = gradients[step - 1][i] * Scale;
                g = double.IsNaN(g) ? 0 : Math.Clamp(g, -1e5, 1e5);
                m[i] = (Beta1 * m[i]) + ((1 - Beta1) * g);
                v[i] = (Beta2 * v[i]) + ((1 - Beta2) * g * g);
                double denominator = (Math.Sqrt(v[i]) / Math.Sqrt(1 - Math.Pow(Beta2, step))) + Epsilon;
                p[i] -= LearningRate / (1 - Math.Pow(Beta1, step)) * m[i] / denominator;
            }
        }

        var bits = EveryWidth.SameBits(() =>
        {
            using Floats parameters = Floats.Of(start.Span), first = Floats.Of(new float[count]), second = Floats.Of(new float[count]);
            for (int step = 1; step <= gradients.Length; step++)
            {
                AdamUpdate.Step(count, parameters.Pointer, gradients[step - 1].Pointer, first.Pointer, second.Pointer, LearningRate, Beta1, Beta2, Epsilon,
                    step, Scale, out long nans, out long infinities);
                var values = gradients[step - 1].Span.ToArray();
                Assert.Equal((values.Count(float.IsNaN), values.Count(float.IsInfinity)), (nans, infinities));
            }
            return [.. parameters.Bits(), .. first.Bits(), .. second.Bits()];
        });
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(p[i], BitConverter.Int32BitsToSingle(bits[i]), 1e-6);
            Assert.Equal(m[i], BitConverter.Int32BitsToSingle(bits[count + i]), 1e-6 * Math.Max(1, Math.Abs(m[i])));
            Assert.Equal(v[i], BitConverter.Int32BitsToSingle(bits[(2 * count) + i]), 1e-6 * Math.Max(1, v[i]));
        }
        foreach (var gradient in gradients)
            gradient.Dispose();
    }

    [Fact]
    public void Step_StepZero_Throws()
    {
        using var one = Floats.Random(1, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            AdamUpdate.Step(1, one.Pointer, one.Pointer, one.Pointer, one.Pointer, .1, 0, .99, 1e-8, 0, 1, out _, out _));
    }

    [Theory]
    [InlineData(.5, 10)]
    [InlineData(.99, 100000)]
    [InlineData(0, 1)]
    public void Power_AnyExponent_IsThePower(double x, long exponent) => Assert.Equal(Math.Pow(x, exponent), AdamUpdate.Power(x, exponent), 1e-14);

    [Theory]
    [InlineData(.2)]
    [InlineData(.999)]
    public void Update_EitherEnd_IsTheAverage(double beta)
    {
        const int Count = 10001;
        using Floats parameters = Floats.Random(Count, 1), start = Floats.Random(Count, 2);
        var bits = EveryWidth.SameBits(() =>
        {
            using var ema = Floats.Of(start.Span);
            ExponentialMovingAverage.Update(Count, ema.Pointer, parameters.Pointer, beta);
            return ema.Bits();
        });
        for (int i = 0; i < Count; i++)
            Assert.Equal(parameters[i] + (beta * (start[i] - parameters[i])), BitConverter.Int32BitsToSingle(bits[i]), 2e-7);
    }
}
