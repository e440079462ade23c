namespace Atelier.Training.Ops;

/// <summary>The published defaults: gains that keep the variance of a normal input.</summary>
public static class ActivationDefaults
{
    /// <summary>Slope below 0 of <see cref="Activation.LeakyRelu"/>; 0 where there is none.</summary>
    public static double DefaultAlpha(this Activation activation) => activation == Activation.LeakyRelu ? .2 : 0;

    /// <summary>√2 for the rectifiers and swish, 1 for the others.</summary>
    public static double DefaultGain(this Activation activation) =>
        activation is Activation.Relu or Activation.LeakyRelu or Activation.Swish ? Math.Sqrt(2) : 1;
}
